#include "graph/proto.h"

#include "graph/functions.h"
#include "graph/onnx_types.h"

namespace cleave::graph {
namespace {

Result<void> visit_graph(onnx::GraphProto& graph, const TensorVisitor& visit);

Result<void> visit_sparse(onnx::SparseTensorProto& sparse, const TensorVisitor& visit) {
  CLEAVE_CHECK(visit(*sparse.mutable_values()));
  return visit(*sparse.mutable_indices());
}

Result<void> visit_node(onnx::NodeProto& node, const TensorVisitor& visit) {
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.has_t()) CLEAVE_CHECK(visit(*attribute.mutable_t()));
    for (auto& tensor : *attribute.mutable_tensors()) CLEAVE_CHECK(visit(tensor));
    if (attribute.has_sparse_tensor()) {
      CLEAVE_CHECK(visit_sparse(*attribute.mutable_sparse_tensor(), visit));
    }
    for (auto& sparse : *attribute.mutable_sparse_tensors()) {
      CLEAVE_CHECK(visit_sparse(sparse, visit));
    }
    if (attribute.has_g()) CLEAVE_CHECK(visit_graph(*attribute.mutable_g(), visit));
    for (auto& graph : *attribute.mutable_graphs()) CLEAVE_CHECK(visit_graph(graph, visit));
  }
  return {};
}

Result<void> visit_graph(onnx::GraphProto& graph, const TensorVisitor& visit) {
  for (auto& tensor : *graph.mutable_initializer()) CLEAVE_CHECK(visit(tensor));
  for (auto& sparse : *graph.mutable_sparse_initializer())
    CLEAVE_CHECK(visit_sparse(sparse, visit));
  for (auto& node : *graph.mutable_node()) CLEAVE_CHECK(visit_node(node, visit));
  return {};
}

Result<void> check_size(std::string_view bytes) {
  if (bytes.empty()) {
    return fail(ErrorCode::kNotThisFormat, "graph.load",
                "the file is empty, expected an ONNX network");
  }
  if (static_cast<std::int64_t>(bytes.size()) > kMaxModelBytes) {
    return fail(ErrorCode::kResourceExhausted, "graph.load",
                "the network has " + std::to_string(bytes.size()) + " bytes, at most " +
                    std::to_string(kMaxModelBytes) + " are possible in ONNX");
  }
  return {};
}

Result<void> check_frame(const onnx::ModelProto& model) {
  if (!model.has_graph()) {
    return fail(ErrorCode::kNotThisFormat, "graph.load",
                "no graph found, expected an ONNX network");
  }
  if (model.graph().output_size() == 0) {
    return fail(ErrorCode::kCorrupt, "graph.load",
                "the graph has no outputs, expected at least one");
  }
  // Operator sets are named since IR version 3; before, set 1 is meant.
  if (model.ir_version() >= 3 && model.opset_import_size() == 0) {
    return fail(ErrorCode::kCorrupt, "graph.load",
                "the network names no operator set, expected at least one; is the file cut short?");
  }
  return {};
}

}  // namespace

Result<void> visit_tensors(onnx::ModelProto& model, const TensorVisitor& visit) {
  CLEAVE_CHECK(visit_graph(*model.mutable_graph(), visit));
  for (auto& function : *model.mutable_functions()) {
    for (auto& node : *function.mutable_node()) CLEAVE_CHECK(visit_node(node, visit));
  }
  return {};
}

Result<onnx::ModelProto> parse_proto(std::string_view bytes,
                                     const std::filesystem::path& base_folder) {
  CLEAVE_CHECK(check_size(bytes));
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    // What was read before the fault tells a damaged network from another kind of file.
    const bool began = model.graph().node_size() > 0 && !model.graph().node(0).op_type().empty();
    return began ? fail(ErrorCode::kCorrupt, "graph.load",
                        "the ONNX network is cut short or damaged: its records end too early")
                 : fail(ErrorCode::kNotThisFormat, "graph.load",
                        "the bytes are not an ONNX network, or are cut short");
  }
  CLEAVE_CHECK(check_frame(model));
  // Training is none of our business, and its graphs would have to be checked too.
  model.clear_training_info();
  if (model.opset_import_size() == 0) model.add_opset_import()->set_version(1);
  CLEAVE_CHECK(read_external_data(model, base_folder));
  CLEAVE_CHECK(visit_tensors(model, [](onnx::TensorProto& t) { return check_tensor_data(t); }));
  CLEAVE_CHECK(inline_functions(model));
  return model;
}

}  // namespace cleave::graph
