#pragma once

// Between tensors of this project, of libtorch and of ONNX. Private to the module.
#include <onnx/onnx_pb.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "base/tensor.h"
#include "train/aten.h"

namespace cleave::train {

/// libtorch has no unsigned integers of more than 8 bits: nothing.
std::optional<at::ScalarType> to_torch(DType dtype);
std::optional<DType> from_torch(at::ScalarType type);
/// Of an ONNX element type.
std::optional<at::ScalarType> torch_type(int elem_type);
int onnx_type(at::ScalarType type);

/// A copy. Errors: kUnsupported for types that libtorch has not.
Result<at::Tensor> to_torch(const Tensor& tensor);
Result<Tensor> from_torch(const at::Tensor& tensor);

/// A copy. Errors: kUnsupported for types that libtorch has not; kCorrupt where the data has
/// another length than type and dimensions promise.
Result<at::Tensor> to_torch(const onnx::TensorProto& tensor);
onnx::TensorProto to_onnx(const std::string& name, const at::Tensor& tensor);

}  // namespace cleave::train
