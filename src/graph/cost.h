#pragma once

#include <onnx/onnx_pb.h>

#include <functional>
#include <optional>

#include "base/tensor.h"

namespace cleave::graph {

/// The shape of a named value, when every dimension is known.
using ShapeOf = std::function<std::optional<Shape>(const std::string&)>;

/// Multiply-accumulates of one node: those of its products alone, not of biases or activations.
/// 0 for operators that are not in the table and where a shape is unknown; saturates.
std::int64_t node_macs(const onnx::NodeProto& node, const ShapeOf& shape_of);

}  // namespace cleave::graph
