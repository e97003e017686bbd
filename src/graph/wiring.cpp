#include "graph/wiring.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <string_view>
#include <unordered_set>

#include "graph/onnx_types.h"

namespace cleave::graph {
namespace {

/// Operators whose answer differs from call to call.
constexpr std::array<std::string_view, 6> kRandomOperators{"RandomNormal",     "RandomUniform",
                                                           "RandomNormalLike", "RandomUniformLike",
                                                           "Multinomial",      "Bernoulli"};

using Names = std::vector<std::string>;

void add_captured(const onnx::GraphProto& body, Names& out) {
  std::unordered_set<std::string_view> local;
  for (const auto& input : body.input()) local.insert(input.name());
  for (const auto& tensor : body.initializer()) local.insert(tensor.name());
  for (const auto& sparse : body.sparse_initializer()) local.insert(sparse.values().name());
  for (const auto& node : body.node()) local.insert(node.output().begin(), node.output().end());
  for (const auto& node : body.node()) {
    for (auto& name : node_reads(node)) {
      if (!local.contains(name)) out.push_back(std::move(name));
    }
  }
  // Exporters let a branch hand an outer value straight through.
  for (const auto& output : body.output()) {
    if (!output.name().empty() && !local.contains(output.name())) out.push_back(output.name());
  }
}

bool is_random(const onnx::NodeProto& node);

bool has_random(const onnx::GraphProto& graph) {
  return std::ranges::any_of(graph.node(), is_random);
}

/// Whether a node, or one in its bodies, gives something else each time.
bool is_random(const onnx::NodeProto& node) {
  if (std::ranges::find(kRandomOperators, node.op_type()) != kRandomOperators.end()) return true;
  // A third input may switch training on.
  if (node.op_type() == "Dropout" && node.input_size() > 2) return true;
  return std::ranges::any_of(node.attribute(), [](const onnx::AttributeProto& attribute) {
    return has_random(attribute.g()) || std::ranges::any_of(attribute.graphs(), has_random);
  });
}

class Wirer {
 public:
  explicit Wirer(const onnx::GraphProto& graph) : graph_(graph) {}

  Result<Wiring> run() {
    CLEAVE_CHECK(name_values());
    CLEAVE_CHECK(connect());
    w_.sorted = CLEAVE_TRY(sort());
    mark_live();
    mark_constant();
    for (const int node : w_.sorted) {
      if (!w_.live[node]) continue;
      if (!w_.constant[node]) w_.order.push_back(node);
      for (const int value : w_.reads[node]) w_.values[value].consumers.push_back(node);
    }
    return std::move(w_);
  }

 private:
  Result<int> add_value(const std::string& name, int producer) {
    const auto [entry, fresh] = w_.by_name.try_emplace(name, static_cast<int>(w_.values.size()));
    if (!fresh) {
      return fail(ErrorCode::kCorrupt, "graph.load",
                  "value '" + name + "' is made twice, expected one maker for each name");
    }
    w_.values.push_back({name, producer, false, false, false, {}});
    return entry->second;
  }

  Result<void> name_values() {
    for (const auto& input : graph_.input()) {
      w_.values[CLEAVE_TRY(add_value(input.name(), -1))].is_input = true;
    }
    for (const auto& tensor : graph_.initializer()) {
      w_.values[CLEAVE_TRY(add_value(tensor.name(), -1))].constant = true;
    }
    for (const auto& sparse : graph_.sparse_initializer()) {
      w_.values[CLEAVE_TRY(add_value(sparse.values().name(), -1))].constant = true;
    }
    w_.makes.resize(graph_.node_size());
    for (int node = 0; node < graph_.node_size(); ++node) {
      for (const auto& output : graph_.node(node).output()) {
        if (!output.empty()) w_.makes[node].push_back(CLEAVE_TRY(add_value(output, node)));
      }
    }
    return {};
  }

  Result<void> connect() {
    w_.reads.resize(graph_.node_size());
    for (int node = 0; node < graph_.node_size(); ++node) {
      for (const auto& name : node_reads(graph_.node(node))) {
        const auto found = w_.by_name.find(name);
        if (found == w_.by_name.end()) {
          return fail(ErrorCode::kCorrupt, "graph.load",
                      node_label(graph_.node(node)) + " reads '" + name + "', which nothing makes");
        }
        w_.reads[node].push_back(found->second);
      }
    }
    for (const auto& output : graph_.output()) {
      const auto found = w_.by_name.find(output.name());
      if (found == w_.by_name.end()) {
        return fail(ErrorCode::kCorrupt, "graph.load",
                    "nothing makes the graph output '" + output.name() + "'");
      }
      if (std::exchange(w_.values[found->second].is_output, true)) {
        return fail(ErrorCode::kCorrupt, "graph.load",
                    "'" + output.name() + "' is listed twice among the graph outputs");
      }
    }
    return {};
  }

  /// Kahn's algorithm; of the nodes that could run, the one that comes first in the file does.
  Result<std::vector<int>> sort() const {
    const int nodes = graph_.node_size();
    std::vector<int> waiting(nodes, 0);
    std::vector<std::vector<int>> readers(w_.values.size());
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int node = 0; node < nodes; ++node) {
      for (const int value : w_.reads[node]) {
        if (w_.values[value].producer < 0) continue;
        ++waiting[node];
        readers[value].push_back(node);
      }
      if (waiting[node] == 0) ready.push(node);
    }
    std::vector<int> sorted;
    while (!ready.empty()) {
      const int node = ready.top();
      ready.pop();
      sorted.push_back(node);
      for (const int value : w_.makes[node]) {
        for (const int reader : readers[value]) {
          if (--waiting[reader] == 0) ready.push(reader);
        }
      }
    }
    if (static_cast<int>(sorted.size()) == nodes) return sorted;
    return fail(ErrorCode::kCorrupt, "graph.load",
                "the graph has a cycle through " + node_label(graph_.node(on_cycle(waiting))));
  }

  /// A node that is part of a cycle: going upstream from any node that waits, one comes up again.
  int on_cycle(const std::vector<int>& waiting) const {
    int node = static_cast<int>(std::ranges::find_if(waiting, [](int count) { return count > 0; }) -
                                waiting.begin());
    std::vector<char> seen(waiting.size(), 0);
    while (!std::exchange(seen[node], 1)) {
      for (const int value : w_.reads[node]) {
        const int producer = w_.values[value].producer;
        if (producer < 0 || waiting[producer] == 0) continue;
        node = producer;
        break;
      }
    }
    return node;
  }

  void mark_live() {
    w_.live.assign(graph_.node_size(), 0);
    std::vector<char> wanted(w_.values.size(), 0);
    for (std::size_t v = 0; v < wanted.size(); ++v) wanted[v] = w_.values[v].is_output;
    for (auto node = w_.sorted.rbegin(); node != w_.sorted.rend(); ++node) {
      w_.live[*node] = std::ranges::any_of(w_.makes[*node], [&](int v) { return wanted[v] != 0; });
      if (!w_.live[*node]) continue;
      for (const int value : w_.reads[*node]) wanted[value] = 1;
    }
  }

  void mark_constant() {
    w_.constant.assign(graph_.node_size(), 0);
    for (const int node : w_.sorted) {
      const onnx::NodeProto& proto = graph_.node(node);
      // A foreign operator that reads nothing may well be a generator.
      if (w_.reads[node].empty() && !is_standard(proto)) continue;
      if (!std::ranges::all_of(w_.reads[node], [&](int v) { return w_.values[v].constant; }))
        continue;
      if (is_random(proto)) continue;
      w_.constant[node] = 1;
      for (const int value : w_.makes[node]) w_.values[value].constant = true;
    }
  }

  const onnx::GraphProto& graph_;
  Wiring w_;
};

}  // namespace

std::vector<std::string> node_reads(const onnx::NodeProto& node) {
  Names all(node.input().begin(), node.input().end());
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) add_captured(attribute.g(), all);
    for (const auto& graph : attribute.graphs()) add_captured(graph, all);
  }
  Names once;
  std::unordered_set<std::string_view> seen;
  for (const auto& name : all) {
    if (!name.empty() && seen.insert(name).second) once.push_back(name);
  }
  return once;
}

std::string node_label(const onnx::NodeProto& node) {
  const std::string& name =
      node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
  return "node '" + name + "' (" + node.op_type() + ")";
}

Result<Wiring> wire(const onnx::GraphProto& graph) { return Wirer(graph).run(); }

}  // namespace cleave::graph
