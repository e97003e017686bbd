#include "graph/cuts.h"

#include <algorithm>
#include <optional>

#include "base/spec.h"
#include "graph/layers.h"

namespace cleave::graph {
namespace {

/// False for sequences, strings and the like, which no DType covers. Unknown types may turn out
/// well.
bool is_tensor_or_unknown(const std::string& name, const TypeMap& types) {
  const auto type = types.find(name);
  if (type == types.end() || type->second.value_case() == onnx::TypeProto::VALUE_NOT_SET)
    return true;
  return type->second.has_tensor_type() &&
         (type->second.tensor_type().elem_type() == onnx::TensorProto::UNDEFINED ||
          dtype_from_onnx(type->second.tensor_type().elem_type()));
}

/// A value crosses the cuts [first, last].
struct Span {
  int value;
  int first;
  int last;
};

/// Graph inputs first, then values in the order in which they are made.
std::vector<Span> crossing_spans(const Wiring& wiring, const std::vector<Lifetime>& lifetimes) {
  std::vector<Span> spans;
  for (std::size_t v = 0; v < lifetimes.size(); ++v) {
    const Lifetime& life = lifetimes[v];
    if (wiring.values[v].constant || life.last_read <= life.born) continue;
    spans.push_back({static_cast<int>(v), std::max(life.born + 1, 1), life.last_read});
  }
  std::ranges::stable_sort(spans, {}, [&](const Span& s) { return lifetimes[s.value].born; });
  return spans;
}

/// Wide networks list many values at each of many cuts.
Result<void> check_lists(const onnx::GraphProto& graph, const Wiring& wiring, const TypeMap& types,
                         const std::vector<Span>& spans, std::size_t cuts) {
  std::size_t bytes = 0;
  for (const Span& span : spans) {
    const TensorSpec spec = spec_or_unknown(wiring.values[span.value].name, types);
    const std::size_t each = sizeof(TensorSpec) + spec.name.size() + 8 * spec.shape.size();
    bytes += each * static_cast<std::size_t>(std::max(0, span.last - span.first + 1));
  }
  for (const auto& output : graph.output())
    bytes += (sizeof(std::string) + output.name().size()) * cuts;
  if (bytes <= static_cast<std::size_t>(kMaxListedBytes)) return {};
  return fail(ErrorCode::kResourceExhausted, "graph.cuts",
              "the values that cross the network's " + std::to_string(cuts) + " cuts take " +
                  std::to_string(bytes) + " bytes to list, expected at most " +
                  std::to_string(kMaxListedBytes));
}

/// Graph outputs that are there once `layers` layers have run.
std::vector<std::string> outputs_before(const onnx::GraphProto& graph, const Wiring& wiring,
                                        const std::vector<Lifetime>& lifetimes, int layers) {
  std::vector<std::string> names;
  for (const auto& output : graph.output()) {
    const int value = wiring.by_name.at(output.name());
    if (!wiring.values[value].constant && lifetimes[value].born < layers)
      names.push_back(output.name());
  }
  return names;
}

/// Edits (insert, delete, replace) that turn one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

/// Up to three layers whose names contain the text or are within two edits of it.
std::string near_names(std::string_view text, const std::vector<Layer>& layers) {
  constexpr std::size_t kMaxNameLength = 200;
  constexpr std::size_t kMaxEdits = 2;
  std::string names;
  int found = 0;
  for (const Layer& layer : layers) {
    if (text.empty() || text.size() > kMaxNameLength || layer.name.size() > kMaxNameLength)
      continue;
    const bool near =
        layer.name.find(text) != std::string::npos || edit_distance(text, layer.name) <= kMaxEdits;
    if (!near) continue;
    names += (found == 0 ? "; near it: " : ", ") + layer.name;
    if (++found == 3) break;
  }
  return names;
}

const Cut* cut_at(const std::vector<Cut>& cuts, int index) {
  const auto cut = std::ranges::lower_bound(cuts, index, {}, &Cut::index);
  return cut != cuts.end() && cut->index == index ? &*cut : nullptr;
}

}  // namespace

std::vector<Lifetime> find_lifetimes(const Wiring& wiring, const std::vector<Layer>& layers) {
  std::vector<Lifetime> lifetimes(wiring.values.size());
  for (std::size_t v = 0; v < lifetimes.size(); ++v) {
    if (wiring.values[v].is_input) lifetimes[v].born = -1;
  }
  for (int layer = 0; layer < static_cast<int>(layers.size()); ++layer) {
    for (const int node : layers[layer].nodes) {
      for (const int value : wiring.makes[node]) lifetimes[value].born = layer;
      for (const int value : wiring.reads[node]) {
        if (!wiring.values[value].constant) lifetimes[value].last_read = layer;
      }
    }
  }
  return lifetimes;
}

Result<std::vector<Cut>> make_cuts(const onnx::GraphProto& graph, const Wiring& wiring,
                                   const TypeMap& types, const std::vector<Layer>& layers) {
  const auto lifetimes = find_lifetimes(wiring, layers);
  const auto spans = crossing_spans(wiring, lifetimes);
  std::vector<Cut> cuts(layers.empty() ? 0 : layers.size() - 1);
  CLEAVE_CHECK(check_lists(graph, wiring, types, spans, cuts.size()));
  std::vector<char> movable(cuts.size(), 1);
  for (const Span& span : spans) {
    const std::string& name = wiring.values[span.value].name;
    const bool movable_value = is_tensor_or_unknown(name, types);
    const TensorSpec spec = spec_or_unknown(name, types);
    for (int k = span.first; k <= span.last; ++k) {
      cuts[k - 1].values.push_back(spec);
      if (!movable_value) movable[k - 1] = 0;
    }
  }
  std::int64_t macs = 0;
  for (const Layer& layer : layers) macs += layer.macs;
  std::int64_t head_macs = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    head_macs += layers[i].macs;
    cuts[i].index = static_cast<int>(i) + 1;
    cuts[i].bytes = total_bytes(cuts[i].values);
    cuts[i].head_outputs = outputs_before(graph, wiring, lifetimes, cuts[i].index);
    cuts[i].head_macs = head_macs;
    cuts[i].tail_macs = macs - head_macs;
  }
  std::erase_if(cuts,
                [&](const Cut& cut) { return cut.values.empty() || !movable[cut.index - 1]; });
  return cuts;
}

Segment make_segment(const onnx::GraphProto& graph, const Wiring& wiring, const TypeMap& types,
                     const std::vector<Layer>& layers, int first, int last) {
  const auto lifetimes = find_lifetimes(wiring, layers);
  std::vector<char> is_read(wiring.values.size(), 0);
  for (int layer = first; layer < last; ++layer) {
    for (const int node : layers[layer].nodes) {
      for (const int value : wiring.reads[node]) is_read[value] = 1;
    }
  }
  // A graph input that is an output as well goes straight through the run that starts.
  for (std::size_t v = 0; first == 0 && v < is_read.size(); ++v) {
    if (wiring.values[v].is_input && wiring.values[v].is_output) is_read[v] = 1;
  }
  std::vector<int> inputs;
  std::vector<int> outputs;
  for (std::size_t v = 0; v < lifetimes.size(); ++v) {
    const auto& [born, last_read] = lifetimes[v];
    const Value& value = wiring.values[v];
    if (value.constant) continue;
    if (is_read[v] && born < first) inputs.push_back(static_cast<int>(v));
    if (born >= first && born < last && last_read >= last && !value.is_output) {
      outputs.push_back(static_cast<int>(v));
    }
  }
  const auto by_birth = [&](int v) { return lifetimes[v].born; };
  std::ranges::stable_sort(inputs, {}, by_birth);
  std::ranges::stable_sort(outputs, {}, by_birth);
  Segment segment;
  for (const int v : inputs)
    segment.inputs.push_back(spec_or_unknown(wiring.values[v].name, types));
  for (const int v : outputs)
    segment.outputs.push_back(spec_or_unknown(wiring.values[v].name, types));
  for (const auto& output : graph.output()) {
    const int v = wiring.by_name.at(output.name());
    const int born = lifetimes[v].born;
    const bool ours = wiring.values[v].constant
                          ? last == static_cast<int>(layers.size())
                          : born < last && (born >= first || (born < 0 && first == 0));
    if (ours) segment.outputs.push_back(spec_or_unknown(output.name(), types));
  }
  return segment;
}

Result<const Cut*> find_cut(std::string_view text, const std::vector<Layer>& layers,
                            const std::vector<Cut>& cuts) {
  if (const auto index = parse_number<int>(text)) {
    if (const Cut* cut = cut_at(cuts, *index)) return cut;
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].name != text) continue;
    if (const Cut* cut = cut_at(cuts, static_cast<int>(i) + 1)) return cut;
  }
  for (const Cut& cut : cuts) {
    if (cut.single() && cut.values.front().name == text) return &cut;
  }
  const std::string what = "unknown cut '" + std::string(text) + "', ";
  if (cuts.empty()) {
    return fail(ErrorCode::kInvalidArgument, "graph.cut",
                what + "the network cannot be cut anywhere");
  }
  return fail(ErrorCode::kInvalidArgument, "graph.cut",
              what + "expected a number from " + cuts.front().id() + " to " + cuts.back().id() +
                  ", the name of the layer before it, or of the one value that crosses it" +
                  near_names(text, layers));
}

}  // namespace cleave::graph
