#include "train/tensors.h"

#include <array>
#include <bit>
#include <cstring>

namespace cleave::train {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little endian");

constexpr std::string_view kPlace = "train.tensors";

struct TypeRow {
  DType dtype;
  at::ScalarType torch;
  int onnx;
};

constexpr std::array<TypeRow, 10> kTypes{{
    {DType::kF32, at::kFloat, onnx::TensorProto::FLOAT},
    {DType::kF16, at::kHalf, onnx::TensorProto::FLOAT16},
    {DType::kBf16, at::kBFloat16, onnx::TensorProto::BFLOAT16},
    {DType::kF64, at::kDouble, onnx::TensorProto::DOUBLE},
    {DType::kI8, at::kChar, onnx::TensorProto::INT8},
    {DType::kU8, at::kByte, onnx::TensorProto::UINT8},
    {DType::kI16, at::kShort, onnx::TensorProto::INT16},
    {DType::kI32, at::kInt, onnx::TensorProto::INT32},
    {DType::kI64, at::kLong, onnx::TensorProto::INT64},
    {DType::kBool, at::kBool, onnx::TensorProto::BOOL},
}};

/// Numbers that stand in a field of wider ones, as `Element`s.
template <class Element, class Field>
at::Tensor narrowed(const Field& field, at::ScalarType type) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(field.size())}, type);
  auto* out = static_cast<Element*>(tensor.data_ptr());
  for (int i = 0; i < field.size(); ++i) out[i] = static_cast<Element>(field.Get(i));
  return tensor;
}

/// The elements of a tensor that has no raw data, flat.
at::Tensor from_fields(const onnx::TensorProto& tensor, at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return narrowed<float>(tensor.float_data(), type);
    case at::kDouble:
      return narrowed<double>(tensor.double_data(), type);
    case at::kLong:
      return narrowed<std::int64_t>(tensor.int64_data(), type);
    case at::kInt:
      return narrowed<std::int32_t>(tensor.int32_data(), type);
    case at::kHalf:
    case at::kBFloat16:
    case at::kShort:
      return narrowed<std::uint16_t>(tensor.int32_data(), type);
    default:
      return narrowed<std::uint8_t>(tensor.int32_data(), type);
  }
}

}  // namespace

std::optional<at::ScalarType> to_torch(DType dtype) {
  for (const TypeRow& row : kTypes)
    if (row.dtype == dtype) return row.torch;
  return std::nullopt;
}

std::optional<DType> from_torch(at::ScalarType type) {
  for (const TypeRow& row : kTypes)
    if (row.torch == type) return row.dtype;
  return std::nullopt;
}

std::optional<at::ScalarType> torch_type(int elem_type) {
  for (const TypeRow& row : kTypes)
    if (row.onnx == elem_type) return row.torch;
  return std::nullopt;
}

int onnx_type(at::ScalarType type) {
  for (const TypeRow& row : kTypes)
    if (row.torch == type) return row.onnx;
  return onnx::TensorProto::UNDEFINED;
}

Result<at::Tensor> to_torch(const Tensor& tensor) {
  const auto type = to_torch(tensor.dtype());
  if (!type)
    return fail(ErrorCode::kUnsupported, kPlace,
                "a tensor of " + std::string(dtype_name(tensor.dtype())) +
                    ", which libtorch does not have");
  at::Tensor result = at::empty(tensor.shape(), *type);
  if (tensor.byte_size() > 0)
    std::memcpy(result.data_ptr(), tensor.bytes().data(), tensor.byte_size());
  return result;
}

Result<Tensor> from_torch(const at::Tensor& tensor) {
  const auto dtype = from_torch(tensor.scalar_type());
  if (!dtype)
    return fail(ErrorCode::kUnsupported, kPlace,
                std::string("a tensor of ") + at::toString(tensor.scalar_type()));
  const at::Tensor dense = tensor.detach().to(at::kCPU).contiguous();
  Tensor result(*dtype, dense.sizes().vec());
  if (result.byte_size() > 0)
    std::memcpy(result.bytes().data(), dense.data_ptr(), result.byte_size());
  return result;
}

Result<at::Tensor> to_torch(const onnx::TensorProto& tensor) {
  const auto type = torch_type(tensor.data_type());
  if (!type)
    return fail(ErrorCode::kUnsupported, kPlace,
                "tensor '" + tensor.name() + "' has element type " +
                    std::to_string(tensor.data_type()) + ", which libtorch does not have");
  const Shape shape(tensor.dims().begin(), tensor.dims().end());
  const auto count = element_count(shape);
  const auto size = static_cast<std::int64_t>(at::elementSize(*type));
  const auto wrong = [&](std::int64_t found, std::int64_t expected, const char* unit) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "tensor '" + tensor.name() + "' has " + std::to_string(found) + ' ' + unit +
                    ", expected " + std::to_string(expected));
  };
  if (!count)
    return fail(ErrorCode::kCorrupt, kPlace, "tensor '" + tensor.name() + "' has no true shape");
  if (!tensor.has_raw_data()) {
    const at::Tensor flat = from_fields(tensor, *type);
    if (flat.numel() != *count) return wrong(flat.numel(), *count, "elements");
    return flat.reshape(shape);
  }
  const auto found = static_cast<std::int64_t>(tensor.raw_data().size());
  if (found / size != *count || found % size != 0) return wrong(found, *count * size, "bytes");
  at::Tensor result = at::empty(shape, *type);
  if (found > 0) std::memcpy(result.data_ptr(), tensor.raw_data().data(), tensor.raw_data().size());
  return result;
}

onnx::TensorProto to_onnx(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor dense = tensor.detach().to(at::kCPU).contiguous();
  onnx::TensorProto record;
  record.set_name(name);
  record.set_data_type(onnx_type(dense.scalar_type()));
  for (const std::int64_t d : dense.sizes()) record.add_dims(d);
  record.set_raw_data(dense.data_ptr(), dense.nbytes());
  return record;
}

}  // namespace cleave::train
