#pragma once

// Between ONNX's type records and ours. Private to the module.
#include <onnx/onnx_pb.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::graph {

/// Types of values by name.
using TypeMap = std::unordered_map<std::string, onnx::TypeProto>;

/// Whether a node's operator is one of ONNX itself.
inline bool is_standard(const onnx::NodeProto& node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
}

std::optional<DType> dtype_from_onnx(int elem_type);
int dtype_to_onnx(DType dtype);

/// Nothing when the type is not a tensor of a DType, or its rank is unknown.
std::optional<TensorSpec> spec_from_type(const std::string& name, const onnx::TypeProto& type);
onnx::TypeProto type_from_spec(const TensorSpec& spec);

/// Bytes that the elements of `count` take in raw_data; nothing for strings and unknown types.
std::optional<std::int64_t> raw_bytes(int elem_type, std::int64_t count);
/// Elements of a tensor; nothing when a dimension is negative or the product overflows.
std::optional<std::int64_t> element_count(const onnx::TensorProto& tensor);
/// Fails when a tensor's data has not the length that its type and dimensions promise.
Result<void> check_tensor_data(const onnx::TensorProto& tensor);

}  // namespace cleave::graph
