#include "graph/model.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "graph/cuts.h"
#include "graph/extract.h"
#include "graph/infer_types.h"
#include "graph/layers.h"
#include "graph/normalize.h"
#include "graph/proto.h"
#include "graph/wiring.h"

namespace cleave::graph {

struct Model::Impl {
  onnx::ModelProto proto;
  TypeMap types;
  Wiring wiring;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<Layer> layers;
  std::vector<Cut> cuts;
  Totals totals;
};

namespace {

/// Writes what is known of types into the network's outputs and value_info.
void write_types(onnx::ModelProto& model, const TypeMap& types) {
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.clear_value_info();
  for (auto& output : *graph.mutable_output()) {
    const auto type = types.find(output.name());
    if (type != types.end()) *output.mutable_type() = type->second;
  }
  for (const auto& node : graph.node()) {
    for (const auto& name : node.output()) {
      const auto type = types.find(name);
      if (type == types.end() || name.empty()) continue;
      auto* info = graph.add_value_info();
      info->set_name(name);
      *info->mutable_type() = type->second;
    }
  }
}

Result<std::vector<TensorSpec>> output_specs(const onnx::GraphProto& graph, const TypeMap& types) {
  std::vector<TensorSpec> specs;
  for (const auto& output : graph.output()) {
    const auto type = types.find(output.name());
    if (type != types.end() && type->second.value_case() != onnx::TypeProto::VALUE_NOT_SET &&
        !dtype_from_onnx(type->second.tensor_type().elem_type())) {
      return fail(ErrorCode::kUnsupported, "graph.load",
                  "output '" + output.name() + "' is not a tensor of numbers or booleans");
    }
    specs.push_back(spec_or_unknown(output.name(), types));
  }
  return specs;
}

/// The serialised record. Protobuf takes no more than 2 GB.
Result<std::string> serialize(const onnx::ModelProto& model, std::string_view place) {
  const auto bytes = static_cast<std::int64_t>(model.ByteSizeLong());
  std::string out;
  if (bytes > kMaxModelBytes || !model.SerializeToString(&out)) {
    return fail(ErrorCode::kResourceExhausted, place,
                "the network takes " + std::to_string(bytes) + " bytes, ONNX holds at most " +
                    std::to_string(kMaxModelBytes));
  }
  return out;
}

std::vector<std::string> names_of(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  return names;
}

}  // namespace

Model::Model(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Result<Model> Model::load(const std::filesystem::path& path, const LoadOptions& options) {
  auto impl = std::make_unique<Impl>();
  {
    // The bytes go before the rest begins: weights are in memory once.
    const std::string bytes = CLEAVE_TRY(read_file(path));
    impl->proto =
        CLEAVE_TRY(about("'" + path.string() + "'",
                         parse_proto(bytes, path.has_parent_path() ? path.parent_path() : ".")));
  }
  return build(std::move(impl), options);
}

Result<Model> Model::parse(std::string_view bytes, const LoadOptions& options,
                           const std::filesystem::path& base_folder) {
  auto impl = std::make_unique<Impl>();
  impl->proto = CLEAVE_TRY(parse_proto(bytes, base_folder));
  return build(std::move(impl), options);
}

Result<Model> Model::build(std::unique_ptr<Impl> impl, const LoadOptions& options) {
  Impl& m = *impl;
  normalize_constants(m.proto);
  CLEAVE_CHECK(check_ranks(m.proto.graph()));
  // Faults of the graph are told before shapes are asked for.
  sort_nodes(m.proto, CLEAVE_TRY(wire(m.proto.graph())).sorted);
  m.inputs = CLEAVE_TRY(fix_inputs(m.proto, options.shapes));
  m.types = infer_types(m.proto, m.inputs, options.infer);
  // A folded shape may be what the shape of a value further on hung by.
  for (bool folded = true; folded;) {
    const bool shapes = fold_shapes(m.proto, m.types);
    const bool arithmetic = fold_arithmetic(m.proto, m.types);
    folded = shapes || arithmetic;
    if (folded) complete_types(m.proto, m.types);
  }
  m.wiring = CLEAVE_TRY(wire(m.proto.graph()));
  m.outputs = CLEAVE_TRY(output_specs(m.proto.graph(), m.types));
  write_types(m.proto, m.types);
  m.layers = make_layers(m.proto.graph(), m.wiring, m.types);
  m.cuts = CLEAVE_TRY(make_cuts(m.proto.graph(), m.wiring, m.types, m.layers));
  m.totals = make_totals(m.wiring, m.types, m.layers);
  return Model(std::move(impl));
}

const std::string& Model::name() const { return impl_->proto.graph().name(); }
const std::vector<TensorSpec>& Model::inputs() const { return impl_->inputs; }
const std::vector<TensorSpec>& Model::outputs() const { return impl_->outputs; }
const std::vector<Layer>& Model::layers() const { return impl_->layers; }
const std::vector<Cut>& Model::cuts() const { return impl_->cuts; }
const Totals& Model::totals() const { return impl_->totals; }

std::optional<TensorSpec> Model::value(const std::string& value_name) const {
  const auto type = impl_->types.find(value_name);
  if (type == impl_->types.end()) return std::nullopt;
  return spec_from_type(value_name, type->second);
}

Result<const Cut*> Model::find_cut(std::string_view text) const {
  return graph::find_cut(text, impl_->layers, impl_->cuts);
}

Result<std::string> Model::to_bytes() const { return serialize(impl_->proto, "graph.write"); }

Result<std::string> Model::extract(const std::vector<std::string>& input_names,
                                   const std::vector<std::string>& output_names) const {
  const onnx::ModelProto part = CLEAVE_TRY(
      extract_model(impl_->proto, impl_->wiring, impl_->types, input_names, output_names));
  return serialize(part, "graph.extract");
}

Segment Model::segment(int first, int last) const {
  return make_segment(impl_->proto.graph(), impl_->wiring, impl_->types, impl_->layers, first,
                      last);
}

Result<std::string> Model::extract_segment(int first, int last) const {
  if (first < 0 || first >= last || last > static_cast<int>(layers().size())) {
    return fail(ErrorCode::kInvalidArgument, "graph.extract",
                "no layers [" + std::to_string(first) + ", " + std::to_string(last) +
                    "), the network has " + std::to_string(layers().size()));
  }
  const Segment part = segment(first, last);
  return extract(names_of(part.inputs), names_of(part.outputs));
}

std::map<std::string, Shape> batch_shapes(const Model& model, int batch) {
  std::map<std::string, Shape> shapes;
  for (const TensorSpec& input : model.inputs()) {
    Shape shape = input.shape;
    if (!shape.empty()) shape.front() *= batch;
    shapes[input.name] = std::move(shape);
  }
  return shapes;
}

Result<std::pair<std::string, Shape>> parse_shape_option(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, "shape",
                "'" + std::string(text) + "' is not a shape, expected NAME=1,3,224,224");
  };
  const auto equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) return wrong();
  Shape shape;
  std::string_view rest = text.substr(equals + 1);
  while (!rest.empty()) {
    std::int64_t dim = 0;
    const auto [stop, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), dim);
    if (problem != std::errc() || dim < 1) return wrong();
    shape.push_back(dim);
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
    if (rest.empty()) break;
    if (rest.front() != ',' || rest.size() == 1) return wrong();
    rest.remove_prefix(1);
  }
  return std::pair(std::string(text.substr(0, equals)), std::move(shape));
}

}  // namespace cleave::graph
