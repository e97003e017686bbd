#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cleave {

/// Element types that cross module boundaries. `kString` appears in requests only and has no fixed
/// size.
enum class DType : std::uint8_t {
  kF32 = 1,
  kF16,
  kBf16,
  kF64,
  kI8,
  kU8,
  kI16,
  kU16,
  kI32,
  kU32,
  kI64,
  kU64,
  kBool
};

/// Bytes of one element.
std::size_t dtype_size(DType dtype);
/// "f32", "i64", "bool", …; the spelling of manifests and headers.
std::string_view dtype_name(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);
bool is_floating(DType dtype);

/// Dimensions, outermost first. An unknown dimension, where one is allowed, is -1.
using Shape = std::vector<std::int64_t>;

/// "1x3x224x224"; "scalar" for rank 0.
std::string shape_text(const Shape& shape);
/// Product of the dimensions; nothing when one is unknown, negative, or the product overflows.
std::optional<std::int64_t> element_count(const Shape& shape);

/// A dense row-major array that owns its 64-byte aligned memory.
/// Thread safety: that of a plain value. Copies are deep; moves are cheap.
class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised memory for `shape`. The shape must have a known element count.
  Tensor(DType dtype, Shape shape);
  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  ~Tensor() = default;

  /// Copies `bytes`, whose length must be exactly that of the shape.
  static Result<Tensor> from_bytes(DType dtype, Shape shape, std::span<const std::byte> bytes);
  template <class T>
  static Tensor from_values(Shape shape, std::span<const T> values);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t elements() const { return elements_; }
  std::size_t byte_size() const { return static_cast<std::size_t>(elements_) * dtype_size(dtype_); }
  std::span<const std::byte> bytes() const { return {data_.get(), byte_size()}; }
  std::span<std::byte> bytes() { return {data_.get(), byte_size()}; }
  /// The elements as T; T must have the size of the dtype.
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_.get()), static_cast<std::size_t>(elements_)};
  }
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data_.get()), static_cast<std::size_t>(elements_)};
  }
  /// The same elements under another shape of the same count.
  Result<Tensor> reshaped(Shape shape) &&;

 private:
  struct AlignedDelete {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  DType dtype_ = DType::kF32;
  Shape shape_{0};
  std::int64_t elements_ = 0;
  std::unique_ptr<std::byte[], AlignedDelete> data_;
};

/// A tensor with the name of its value in the network.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Name, type and shape of a value without its data. A dimension of -1 is unknown.
struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;

  /// Bytes of one such tensor; nothing when a dimension is unknown.
  std::optional<std::int64_t> byte_size() const;
};

/// Bytes of all of them; those of an unknown size count nothing.
double known_bytes(std::span<const TensorSpec> values);

template <class T>
Tensor Tensor::from_values(Shape shape, std::span<const T> values) {
  DType dtype = DType::kF32;
  if constexpr (std::is_same_v<T, float>)
    dtype = DType::kF32;
  else if constexpr (std::is_same_v<T, double>)
    dtype = DType::kF64;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    dtype = DType::kI64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    dtype = DType::kI32;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    dtype = DType::kU16;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    dtype = DType::kU8;
  else
    static_assert(sizeof(T) == 0, "no DType for this element");
  Tensor t(dtype, std::move(shape));
  if (!values.empty())
    std::memcpy(t.bytes().data(), values.data(), std::min(t.byte_size(), values.size_bytes()));
  return t;
}

}  // namespace cleave
