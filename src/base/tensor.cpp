#include "base/tensor.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace cleave {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::size_t size;
  bool floating;
};
constexpr std::array<DTypeRow, 13> kDTypes{{
    {DType::kF32, "f32", 4, true},
    {DType::kF16, "f16", 2, true},
    {DType::kBf16, "bf16", 2, true},
    {DType::kF64, "f64", 8, true},
    {DType::kI8, "i8", 1, false},
    {DType::kU8, "u8", 1, false},
    {DType::kI16, "i16", 2, false},
    {DType::kU16, "u16", 2, false},
    {DType::kI32, "i32", 4, false},
    {DType::kU32, "u32", 4, false},
    {DType::kI64, "i64", 8, false},
    {DType::kU64, "u64", 8, false},
    {DType::kBool, "bool", 1, false},
}};

const DTypeRow& row(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype) - 1]; }

}  // namespace

std::size_t dtype_size(DType dtype) { return row(dtype).size; }
std::string_view dtype_name(DType dtype) { return row(dtype).name; }
bool is_floating(DType dtype) { return row(dtype).floating; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeRow& r : kDTypes)
    if (r.name == name) return r.dtype;
  return std::nullopt;
}

std::string shape_text(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (std::int64_t d : shape) {
    if (!text.empty()) text += 'x';
    text += d < 0 ? "?" : std::to_string(d);
  }
  return text;
}

std::optional<std::int64_t> element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t d : shape) {
    if (d < 0 || __builtin_mul_overflow(count, d, &count)) return std::nullopt;
  }
  // Room for eight bytes an element, so that a byte size never overflows.
  if (count > std::numeric_limits<std::int64_t>::max() / 8) return std::nullopt;
  return count;
}

std::optional<std::int64_t> TensorSpec::byte_size() const {
  const auto count = element_count(shape);
  if (!count) return std::nullopt;
  return *count * static_cast<std::int64_t>(dtype_size(dtype));
}

double known_bytes(std::span<const TensorSpec> values) {
  double bytes = 0;
  for (const TensorSpec& value : values)
    bytes += static_cast<double>(value.byte_size().value_or(0));
  return bytes;
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), elements_(element_count(shape_).value_or(0)) {
  const std::size_t size = std::max<std::size_t>(byte_size(), 1);
  data_.reset(static_cast<std::byte*>(::operator new[](size, std::align_val_t{64})));
}

Tensor::Tensor(const Tensor& other) : Tensor(other.dtype_, other.shape_) {
  if (byte_size() > 0) std::memcpy(data_.get(), other.data_.get(), byte_size());
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

Result<Tensor> Tensor::from_bytes(DType dtype, Shape shape, std::span<const std::byte> bytes) {
  const auto count = element_count(shape);
  if (!count || static_cast<std::size_t>(*count) * dtype_size(dtype) != bytes.size()) {
    return fail(ErrorCode::kInvalidArgument, "tensor",
                std::to_string(bytes.size()) + " bytes do not fill " +
                    std::string(dtype_name(dtype)) + " of shape " + shape_text(shape));
  }
  Tensor t(dtype, std::move(shape));
  if (!bytes.empty()) std::memcpy(t.data_.get(), bytes.data(), bytes.size());
  return t;
}

Result<Tensor> Tensor::reshaped(Shape shape) && {
  if (element_count(shape) != elements_) {
    return fail(ErrorCode::kInvalidArgument, "tensor",
                "cannot view shape " + shape_text(shape_) + " as " + shape_text(shape));
  }
  shape_ = std::move(shape);
  return std::move(*this);
}

}  // namespace cleave
