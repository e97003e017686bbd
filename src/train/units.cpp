#include "train/units.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>

#include "base/spec.h"
#include "train/node.h"
#include "train/unit_builder.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.units";

/// A kind of unit. The one place to add one.
struct UnitRow {
  std::string_view name;
  Result<void> (*build)(const Spec& spec, UnitBuilder& builder);
};

constexpr UnitRow kUnits[] = {
    {"butterfly", build_butterfly},
    {"bottleneck", build_bottleneck},
};

Result<const UnitRow*> find_unit(const std::string& name) {
  std::vector<std::string> known;
  for (const UnitRow& row : kUnits) {
    if (row.name == name) return &row;
    known.emplace_back(row.name);
  }
  return std::unexpected(unknown_name(kPlace, "unit", name, known));
}

Result<TensorSpec> crossing_picture(const graph::Cut& cut) {
  if (!cut.single())
    return fail(
        ErrorCode::kInvalidArgument, kPlace,
        "cut " + cut.id() + " has " + std::to_string(cut.values.size()) + " values, expected one");
  const TensorSpec& value = cut.values.front();
  const bool known = std::ranges::all_of(value.shape, [](std::int64_t d) { return d > 0; });
  if (value.dtype != DType::kF32 || value.shape.size() != 4 || !known || value.shape[0] != 1)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "value '" + value.name + "' is " + std::string(dtype_name(value.dtype)) + ' ' +
                    shape_text(value.shape) + ", expected f32 1xCxHxW");
  return value;
}

/// Nodes of the tail, by their place in the graph.
std::set<int> tail_nodes(const graph::Model& model, const graph::Cut& cut) {
  std::set<int> nodes;
  for (std::size_t i = static_cast<std::size_t>(cut.index); i < model.layers().size(); ++i)
    nodes.insert(model.layers()[i].nodes.begin(), model.layers()[i].nodes.end());
  return nodes;
}

/// The graph with the unit's nodes where its value is made, and the tail reading what it restores.
void splice(const UnitBuilder& builder, const std::set<int>& tail, const std::string& value,
            const std::string& restored, onnx::GraphProto& graph) {
  onnx::GraphProto old = graph;
  graph.clear_node();
  bool inserted = false;
  const auto insert = [&] {
    for (const onnx::NodeProto& node : builder.nodes()) *graph.add_node() = node;
    inserted = true;
  };
  const bool is_input = std::ranges::any_of(
      old.input(), [&](const onnx::ValueInfoProto& input) { return input.name() == value; });
  if (is_input) insert();
  for (int i = 0; i < old.node_size(); ++i) {
    onnx::NodeProto& node = *graph.add_node() = old.node(i);
    if (tail.contains(i)) std::ranges::replace(*node.mutable_input(), value, restored);
    if (!inserted && std::ranges::find(node.output(), value) != node.output().end()) insert();
  }
  for (const onnx::TensorProto& weight : builder.weights()) *graph.add_initializer() = weight;
}

}  // namespace

Result<UnitNetwork> insert_unit(const graph::Model& model, const graph::Cut& cut,
                                std::string_view unit, std::uint64_t seed) {
  const Spec spec = CLEAVE_TRY(parse_spec(unit));
  const UnitRow* row = CLEAVE_TRY(find_unit(spec.name));
  const TensorSpec value = CLEAVE_TRY(crossing_picture(cut));
  onnx::ModelProto record;
  if (!record.ParseFromString(CLEAVE_TRY(model.to_bytes())))
    return fail(ErrorCode::kInternal, kPlace, "a network that does not parse");
  if (opset_of(record) < 7)
    return fail(ErrorCode::kUnsupported, kPlace,
                "operator set " + std::to_string(opset_of(record)) + ", expected 7 or later");
  UnitBuilder builder(value, seed);
  CLEAVE_CHECK(row->build(spec, builder));
  onnx::GraphProto& graph = *record.mutable_graph();
  for (const onnx::NodeProto& node : graph.node())
    for (const std::string& output : node.output())
      if (builder.makes(output))
        return fail(ErrorCode::kInvalidArgument, kPlace,
                    "value '" + output + "' is there already: this cut has a unit");
  splice(builder, tail_nodes(model, cut), value.name, builder.restored(), graph);
  UnitNetwork network{{},
                      builder.canonical(),
                      value.name,
                      element_count(value.shape).value(),
                      builder.code(),
                      builder.restored(),
                      {}};
  for (const onnx::TensorProto& weight : builder.weights())
    network.weights.push_back(weight.name());
  if (!record.SerializeToString(&network.onnx_bytes))
    return fail(ErrorCode::kResourceExhausted, kPlace, "a network of more than 2 GB");
  return network;
}

}  // namespace cleave::train
