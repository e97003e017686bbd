#include <algorithm>
#include <string>
#include <unordered_map>

#include "graph/proto.h"

namespace cleave::graph {
namespace {

std::string join_key(std::string_view domain, std::string_view name) {
  const std::string_view spelled = domain == "ai.onnx" ? "" : domain;
  return std::string(spelled) + ":" + std::string(name);
}

/// How many nodes each function has once every call in it is inlined.
class InlinedSize {
 public:
  explicit InlinedSize(const onnx::ModelProto& model) {
    for (const auto& function : model.functions()) functions_[function_key(function)] = &function;
  }

  Result<std::int64_t> of_graph(const onnx::GraphProto& graph) {
    std::int64_t nodes = 0;
    for (const auto& node : graph.node()) nodes = capped(nodes + CLEAVE_TRY(of_node(node)));
    return nodes;
  }

  Result<std::int64_t> of_function(const std::string& key) {
    const auto found = functions_.find(key);
    if (found == functions_.end()) return 0;
    const auto [entry, fresh] = sizes_.try_emplace(key, kOpen);
    if (!fresh) {
      if (entry->second != kOpen) return entry->second;
      return fail(ErrorCode::kCorrupt, "graph.load", "function '" + key + "' calls itself");
    }
    // Functions nest as deep as they call; a chain this long is no network's.
    if (++depth_ > kMaxDepth) {
      return fail(ErrorCode::kResourceExhausted, "graph.load",
                  "functions call each other more than " + std::to_string(kMaxDepth) + " deep");
    }
    std::int64_t nodes = 0;
    for (const auto& node : found->second->node())
      nodes = capped(nodes + CLEAVE_TRY(of_node(node)));
    --depth_;
    return sizes_[key] = nodes;
  }

 private:
  static constexpr std::int64_t kOpen = -1;
  static constexpr int kMaxDepth = 64;

  static std::int64_t capped(std::int64_t nodes) { return std::min(nodes, kMaxInlinedNodes + 1); }

  Result<std::int64_t> of_node(const onnx::NodeProto& node) {
    std::int64_t nodes = 1 + CLEAVE_TRY(of_function(function_key(node)));
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) nodes += CLEAVE_TRY(of_graph(attribute.g()));
      for (const auto& graph : attribute.graphs()) nodes += CLEAVE_TRY(of_graph(graph));
    }
    return capped(nodes);
  }

  std::unordered_map<std::string, const onnx::FunctionProto*> functions_;
  std::unordered_map<std::string, std::int64_t> sizes_;
  int depth_ = 0;
};

}  // namespace

std::string function_key(const onnx::FunctionProto& function) {
  return join_key(function.domain(), function.name());
}

std::string function_key(const onnx::NodeProto& node) {
  return join_key(node.domain(), node.op_type());
}

Result<void> check_functions(const onnx::ModelProto& model) {
  if (model.functions_size() == 0) return {};
  InlinedSize size(model);
  // Functions that nothing calls are looked at too: shape inference reads them all.
  for (const auto& function : model.functions())
    CLEAVE_CHECK(size.of_function(function_key(function)));
  if (CLEAVE_TRY(size.of_graph(model.graph())) > kMaxInlinedNodes) {
    return fail(
        ErrorCode::kResourceExhausted, "graph.load",
        "calls of functions expand to more than " + std::to_string(kMaxInlinedNodes) + " nodes");
  }
  return {};
}

}  // namespace cleave::graph
