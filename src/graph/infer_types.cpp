#include "graph/infer_types.h"

#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <unordered_map>

namespace cleave::graph {
namespace {

/// Tensors up to this many elements keep their data for libonnx, which reads shapes and the like.
constexpr std::int64_t kMaxShapeElements = 1024;
/// Where a node goes that libonnx's version of its operator would misread.
constexpr const char* kUnknownDomain = "cleave.unknown";

bool is_complete(const onnx::TypeProto& type) {
  if (!type.has_tensor_type()) return type.value_case() != onnx::TypeProto::VALUE_NOT_SET;
  if (!type.tensor_type().has_shape()) return false;
  for (const auto& dim : type.tensor_type().shape().dim()) {
    if (!dim.has_dim_value()) return false;
  }
  return true;
}

/// Keeps the more telling of two types.
void learn(TypeMap& types, const std::string& name, const onnx::TypeProto& type) {
  if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET) return;
  const auto [entry, fresh] = types.try_emplace(name, type);
  if (fresh || is_complete(entry->second)) return;
  const bool ranked = type.has_tensor_type() && type.tensor_type().has_shape();
  if (is_complete(type) || (ranked && !entry->second.tensor_type().has_shape()))
    entry->second = type;
}

onnx::TensorProto without_bulk(const onnx::TensorProto& tensor) {
  if (element_count(tensor).value_or(0) <= kMaxShapeElements) return tensor;
  onnx::TensorProto light;
  light.set_name(tensor.name());
  light.set_data_type(tensor.data_type());
  *light.mutable_dims() = tensor.dims();
  return light;
}

using Versions = std::unordered_map<std::string, int>;

Versions versions_of(const onnx::ModelProto& model) {
  Versions versions;
  for (const auto& opset : model.opset_import()) {
    const std::string domain = opset.domain() == "ai.onnx" ? "" : opset.domain();
    versions[domain] = static_cast<int>(opset.version());
  }
  return versions;
}

/// Whether a node is what libonnx's schema of its operator allows. Where it is not, either the
/// operator has changed since that libonnx, and its old rules would give wrong shapes, or the node
/// is malformed, and they might read what is not there.
bool follows_schema(const onnx::NodeProto& node, const Versions& versions) {
  const std::string domain = is_standard(node) ? "" : node.domain();
  const auto version = versions.find(domain);
  if (version == versions.end()) return false;
  const onnx::OpSchema* schema =
      onnx::OpSchemaRegistry::Schema(node.op_type(), version->second, domain);
  if (schema == nullptr) return true;
  try {
    schema->Verify(node);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

/// Convolutions and the input that holds their weights.
constexpr std::array<std::pair<std::string_view, int>, 4> kConvolutions{
    {{"Conv", 1}, {"ConvTranspose", 1}, {"ConvInteger", 1}, {"QLinearConv", 3}}};

/// Writes a convolution's kernel shape out. Where it is left out, libonnx takes it from the weights
/// without comparing ranks and reads past the end of the other shape. False when it is not known.
bool spell_kernel(onnx::NodeProto& node, const TypeMap& types) {
  const auto row = std::ranges::find(kConvolutions, node.op_type(),
                                     [](const auto& convolution) { return convolution.first; });
  if (row == kConvolutions.end()) return true;
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == "kernel_shape") return true;
  }
  const auto type =
      row->second < node.input_size() ? types.find(node.input(row->second)) : types.end();
  if (type == types.end() || !is_complete(type->second)) return false;
  auto* kernel = node.add_attribute();
  kernel->set_name("kernel_shape");
  kernel->set_type(onnx::AttributeProto::INTS);
  const auto& dims = type->second.tensor_type().shape().dim();
  for (int i = 2; i < dims.size(); ++i) kernel->add_ints(dims[i].dim_value());
  return true;
}

/// Hides from libonnx, at any depth, the nodes that it would misread.
void hide_misread(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                  const Versions& versions, const TypeMap& types) {
  for (auto& node : nodes) {
    if (!follows_schema(node, versions) || !spell_kernel(node, types)) {
      node.set_domain(kUnknownDomain);
    }
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) hide_misread(*attribute.mutable_g()->mutable_node(), versions, types);
      for (auto& graph : *attribute.mutable_graphs()) {
        hide_misread(*graph.mutable_node(), versions, types);
      }
    }
  }
}

void add_unknown_domain(google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports) {
  auto* import = imports.Add();
  import->set_domain(kUnknownDomain);
  import->set_version(1);
}

/// The network without its weights, for libonnx to write into.
onnx::ModelProto skeleton_of(const onnx::ModelProto& model, const TypeMap& known) {
  onnx::ModelProto skeleton;
  skeleton.set_ir_version(model.ir_version());
  *skeleton.mutable_opset_import() = model.opset_import();
  onnx::GraphProto& graph = *skeleton.mutable_graph();
  graph.set_name(model.graph().name());
  *graph.mutable_node() = model.graph().node();
  *graph.mutable_input() = model.graph().input();
  *graph.mutable_sparse_initializer() = model.graph().sparse_initializer();
  for (const auto& tensor : model.graph().initializer()) {
    *graph.add_initializer() = without_bulk(tensor);
  }
  // A declared output shape that contradicts the inputs would stop the inference.
  for (const auto& output : model.graph().output()) graph.add_output()->set_name(output.name());
  for (const auto& node : model.graph().node()) {
    for (const auto& name : node.output()) {
      const auto type = known.find(name);
      if (type == known.end()) continue;
      auto* info = graph.add_value_info();
      info->set_name(name);
      *info->mutable_type() = type->second;
    }
  }
  const Versions versions = versions_of(model);
  hide_misread(*graph.mutable_node(), versions, known);
  add_unknown_domain(*skeleton.mutable_opset_import());
  return skeleton;
}

void ask_libonnx(const onnx::ModelProto& model, TypeMap& types) {
  onnx::ModelProto skeleton = skeleton_of(model, types);
  try {
    constexpr bool kCheckTypes = false;
    constexpr int kLenient = 0;
    constexpr bool kPropagateData = true;
    onnx::shape_inference::InferShapes(skeleton, onnx::OpSchemaRegistry::Instance(),
                                       {kCheckTypes, kLenient, kPropagateData});
  } catch (const std::exception&) {
    // What it wrote before it gave up still holds.
  }
  for (const auto& info : skeleton.graph().value_info()) learn(types, info.name(), info.type());
  for (const auto& output : skeleton.graph().output()) learn(types, output.name(), output.type());
}

bool all_known(const onnx::GraphProto& graph, const TypeMap& types) {
  for (const auto& node : graph.node()) {
    for (const auto& name : node.output()) {
      const auto type = types.find(name);
      if (!name.empty() && (type == types.end() || !is_complete(type->second))) return false;
    }
  }
  return true;
}

}  // namespace

TypeMap infer_types(const onnx::ModelProto& model, const std::vector<TensorSpec>& inputs,
                    const TypeInference& infer) {
  const onnx::GraphProto& graph = model.graph();
  TypeMap types;
  for (const TensorSpec& input : inputs) types[input.name] = type_from_spec(input);
  for (const auto& tensor : graph.initializer()) {
    auto& type = *types[tensor.name()].mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    for (const auto dim : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(dim);
    type.mutable_shape();
  }
  if (infer) {
    if (const auto specs = infer(model.SerializeAsString(), inputs)) {
      for (const TensorSpec& spec : *specs) learn(types, spec.name, type_from_spec(spec));
    }
  }
  complete_types(model, types);
  for (const auto& info : graph.value_info()) learn(types, info.name(), info.type());
  for (const auto& output : graph.output()) learn(types, output.name(), output.type());
  return types;
}

void complete_types(const onnx::ModelProto& model, TypeMap& types) {
  if (!all_known(model.graph(), types)) ask_libonnx(model, types);
}

}  // namespace cleave::graph
