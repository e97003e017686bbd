#pragma once

// Small networks, written by hand in a few lines.
#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "base/tensor.h"

namespace cleave::graph {

using Names = std::vector<std::string>;

inline onnx::ValueInfoProto value_info(const std::string& name, const Shape& shape,
                                       int elem_type = onnx::TensorProto::FLOAT) {
  onnx::ValueInfoProto info;
  info.set_name(name);
  info.mutable_type()->mutable_tensor_type()->set_elem_type(elem_type);
  auto* dims = info.mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const std::int64_t d : shape) {
    auto* dim = dims->add_dim();
    if (d >= 0) dim->set_dim_value(d);
  }
  return info;
}

inline onnx::TensorProto tensor(const std::string& name, const Shape& shape, float value = 0.5F) {
  onnx::TensorProto t;
  t.set_name(name);
  t.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t d : shape) t.add_dims(d);
  for (std::int64_t i = 0; i < element_count(shape).value(); ++i) t.add_float_data(value);
  return t;
}

inline onnx::AttributeProto ints(const std::string& name, const std::vector<std::int64_t>& values) {
  onnx::AttributeProto a;
  a.set_name(name);
  a.set_type(onnx::AttributeProto::INTS);
  for (const auto v : values) a.add_ints(v);
  return a;
}

inline onnx::AttributeProto integer(const std::string& name, std::int64_t value) {
  onnx::AttributeProto a;
  a.set_name(name);
  a.set_type(onnx::AttributeProto::INT);
  a.set_i(value);
  return a;
}

inline onnx::AttributeProto tensor_attribute(const std::string& name, onnx::TensorProto value) {
  onnx::AttributeProto a;
  a.set_name(name);
  a.set_type(onnx::AttributeProto::TENSOR);
  *a.mutable_t() = std::move(value);
  return a;
}

inline onnx::AttributeProto body(const std::string& name, onnx::GraphProto graph) {
  onnx::AttributeProto a;
  a.set_name(name);
  a.set_type(onnx::AttributeProto::GRAPH);
  *a.mutable_g() = std::move(graph);
  return a;
}

/// A graph under construction; names of nodes are "n_" and their first output's.
struct Builder {
  onnx::ModelProto model;

  explicit Builder(int opset = 11, int ir_version = 6) {
    model.set_ir_version(ir_version);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("net");
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  Builder& input(const std::string& name, const Shape& shape,
                 int elem_type = onnx::TensorProto::FLOAT) {
    *graph().add_input() = value_info(name, shape, elem_type);
    return *this;
  }
  Builder& output(const std::string& name) {
    auto* info = graph().add_output();
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    return *this;
  }
  Builder& weight(const std::string& name, const Shape& shape) {
    *graph().add_initializer() = tensor(name, shape);
    return *this;
  }
  Builder& node(const std::string& op, const Names& inputs, const Names& outputs,
                const std::vector<onnx::AttributeProto>& attributes = {}) {
    add_node(graph(), op, inputs, outputs, attributes);
    return *this;
  }
  std::string bytes() const { return model.SerializeAsString(); }

  static void add_node(onnx::GraphProto& graph, const std::string& op, const Names& inputs,
                       const Names& outputs,
                       const std::vector<onnx::AttributeProto>& attributes = {}) {
    auto* n = graph.add_node();
    n->set_op_type(op);
    n->set_name("n_" + outputs.front());
    for (const auto& name : inputs) n->add_input(name);
    for (const auto& name : outputs) n->add_output(name);
    for (const auto& a : attributes) *n->add_attribute() = a;
  }
};

/// A body without inputs that applies one operator to outer values.
inline onnx::GraphProto branch(const std::string& op, const Names& outer,
                               const std::string& output) {
  onnx::GraphProto graph;
  graph.set_name("branch_" + output);
  Builder::add_node(graph, op, outer, {output});
  *graph.add_output() = value_info(output, {2, 3});
  return graph;
}

}  // namespace cleave::graph
