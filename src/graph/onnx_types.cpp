#include "graph/onnx_types.h"

#include <array>

namespace cleave::graph {
namespace {

/// Which repeated field holds the elements when raw_data does not.
enum class Field { kFloat, kInt32, kInt64, kDouble, kUint64, kString };

struct ElementRow {
  int elem_type;
  std::optional<DType> dtype;
  int bits;  ///< of one element in raw_data
  Field field;
  int per_element = 1;  ///< entries of the field that one element takes
};

// Numbers from 17 on are younger than Debian's libonnx: float8 and 4-bit types.
constexpr std::array<ElementRow, 23> kElements{{
    {1, DType::kF32, 32, Field::kFloat},        {2, DType::kU8, 8, Field::kInt32},
    {3, DType::kI8, 8, Field::kInt32},          {4, DType::kU16, 16, Field::kInt32},
    {5, DType::kI16, 16, Field::kInt32},        {6, DType::kI32, 32, Field::kInt32},
    {7, DType::kI64, 64, Field::kInt64},        {8, std::nullopt, 0, Field::kString},
    {9, DType::kBool, 8, Field::kInt32},        {10, DType::kF16, 16, Field::kInt32},
    {11, DType::kF64, 64, Field::kDouble},      {12, DType::kU32, 32, Field::kUint64},
    {13, DType::kU64, 64, Field::kUint64},      {14, std::nullopt, 64, Field::kFloat, 2},
    {15, std::nullopt, 128, Field::kDouble, 2}, {16, DType::kBf16, 16, Field::kInt32},
    {17, std::nullopt, 8, Field::kInt32},       {18, std::nullopt, 8, Field::kInt32},
    {19, std::nullopt, 8, Field::kInt32},       {20, std::nullopt, 8, Field::kInt32},
    {21, std::nullopt, 4, Field::kInt32},       {22, std::nullopt, 4, Field::kInt32},
    {23, std::nullopt, 4, Field::kInt32},
}};

const ElementRow* find_row(int elem_type) {
  for (const ElementRow& row : kElements) {
    if (row.elem_type == elem_type) return &row;
  }
  return nullptr;
}

std::int64_t field_entries(const onnx::TensorProto& tensor, Field field) {
  switch (field) {
    case Field::kFloat:
      return tensor.float_data_size();
    case Field::kInt32:
      return tensor.int32_data_size();
    case Field::kInt64:
      return tensor.int64_data_size();
    case Field::kDouble:
      return tensor.double_data_size();
    case Field::kUint64:
      return tensor.uint64_data_size();
    case Field::kString:
      return tensor.string_data_size();
  }
  return 0;
}

std::int64_t expected_entries(const ElementRow& row, std::int64_t count) {
  if (row.bits == 4) return (count + 1) / 2;
  return count * row.per_element;
}

}  // namespace

std::optional<DType> dtype_from_onnx(int elem_type) {
  const ElementRow* row = find_row(elem_type);
  return row ? row->dtype : std::nullopt;
}

int dtype_to_onnx(DType dtype) {
  for (const ElementRow& row : kElements) {
    if (row.dtype == dtype) return row.elem_type;
  }
  return onnx::TensorProto::UNDEFINED;
}

std::optional<TensorSpec> spec_from_type(const std::string& name, const onnx::TypeProto& type) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return std::nullopt;
  const auto dtype = dtype_from_onnx(type.tensor_type().elem_type());
  if (!dtype) return std::nullopt;
  TensorSpec spec{name, *dtype, {}};
  for (const auto& dim : type.tensor_type().shape().dim()) {
    spec.shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1);
  }
  return spec;
}

onnx::TypeProto type_from_spec(const TensorSpec& spec) {
  onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(dtype_to_onnx(spec.dtype));
  auto* shape = type.mutable_tensor_type()->mutable_shape();
  for (const std::int64_t d : spec.shape) {
    auto* dim = shape->add_dim();
    if (d >= 0) dim->set_dim_value(d);
  }
  return type;
}

std::optional<std::int64_t> raw_bytes(int elem_type, std::int64_t count) {
  const ElementRow* row = find_row(elem_type);
  if (row == nullptr || row->bits == 0) return std::nullopt;
  if (row->bits == 4) return (count + 1) / 2;
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(count, row->bits / 8, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<std::int64_t> element_count(const onnx::TensorProto& tensor) {
  return cleave::element_count(Shape(tensor.dims().begin(), tensor.dims().end()));
}

Result<void> check_tensor_data(const onnx::TensorProto& tensor) {
  const std::string who = "tensor '" + tensor.name() + "'";
  const auto count = element_count(tensor);
  if (!count) {
    return fail(ErrorCode::kCorrupt, "graph.load", who + " has impossible dimensions");
  }
  const ElementRow* row = find_row(tensor.data_type());
  if (row == nullptr) return {};
  const bool raw = tensor.has_raw_data();
  const std::int64_t found =
      raw ? static_cast<std::int64_t>(tensor.raw_data().size()) : field_entries(tensor, row->field);
  const auto expected =
      raw ? raw_bytes(tensor.data_type(), *count) : expected_entries(*row, *count);
  if (expected == found) return {};
  return fail(ErrorCode::kCorrupt, "graph.load",
              who + " has " + std::to_string(found) + (raw ? " bytes" : " elements") +
                  " of data, its type and dimensions promise " +
                  (expected ? std::to_string(*expected) : "something else"));
}

}  // namespace cleave::graph
