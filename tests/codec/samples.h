#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/tensor.h"

/// Tensors and specs that the codec's tests share.
namespace cleave::codec {

inline constexpr std::array kEverySpec{
    "raw",
    "raw|zstd",
    "f16",
    "f16|zstd:level=9",
    "quant",
    "quant:bits=1",
    "quant:bits=2,range=sigma3",
    "quant:bits=3|zstd",
    "quant:bits=4",
    "quant:bits=5",
    "quant:bits=6|zstd:level=19",
    "quant:bits=7",
    "quant:bits=16",
    "quant:bits=16,range=sigma3|zstd",
    "zstd",
    "tile|png",
    "tile|jpeg:q=85",
    "quant:range=sigma3|tile|jpeg:q=1",
    "quant:range=sigma3|tile|png",
    "tile:order=similar|png",
    "tile:layout=pow2|png",
    "tile:order=similar,layout=pow2,pad=16|png",
    "tile:pad=8|jpeg",
    "tile|webp",
    "quant:range=sigma3|tile|webp:q=0,effort=0",
    "tile|webp:mode=lossless",
    "tile|h264",
    "quant:range=sigma3|tile:pad=16|h264:qp=0,preset=ultrafast",
    "tile|h265:preset=ultrafast",
    "cleave",
    "cleave:step=0.5",
    "cleave:target=300",
    "cleave:layers=4",
    "cleave:profile=fast",
    "cleave:profile=fast,step=0.5",
    "cleave:profile=fast,target=300",
};

inline constexpr std::array kEveryDType{
    DType::kF32, DType::kF16, DType::kBf16, DType::kF64, DType::kI8,  DType::kU8,   DType::kI16,
    DType::kU16, DType::kI32, DType::kU32,  DType::kI64, DType::kU64, DType::kBool,
};

/// Odd ones: no dimensions, no elements, sides of 1, not square, batches, more than one chunk.
inline const std::vector<Shape>& every_shape() {
  static const std::vector<Shape> shapes{
      {},           {0},          {3, 0, 5},     {1},          {7},
      {5000},       {1, 9},       {9, 1},        {4, 6},       {1, 3, 7, 5},
      {2, 3, 1, 8}, {2, 3, 8, 1}, {1, 64, 1, 1}, {13, 11, 10}, {2, 2, 3, 4, 5},
  };
  return shapes;
}

/// A value near zero mean with a few quiet places, as features have.
inline float feature(Random& random) {
  const double value = random.normal();
  return value < -0.5 ? 0.0f : static_cast<float>(value);
}

/// Seeded features as `dtype`; whole numbers are their scaled values, booleans their signs.
inline Tensor sample(DType dtype, const Shape& shape, std::uint64_t seed = 1) {
  Random random(seed);
  Tensor tensor(dtype, shape);
  const std::size_t size = dtype_size(dtype);
  for (std::int64_t i = 0; i < tensor.elements(); ++i) {
    const float value = feature(random);
    std::uint64_t bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value * 30));
    if (dtype == DType::kF32) bits = std::bit_cast<std::uint32_t>(value);
    if (dtype == DType::kBf16) bits = std::bit_cast<std::uint32_t>(value) >> 16;
    if (dtype == DType::kF16) bits = random.below(0x7c00) | (random.below(2) << 15);
    if (dtype == DType::kF64) bits = std::bit_cast<std::uint64_t>(static_cast<double>(value));
    if (dtype == DType::kBool) bits = value > 0;
    std::memcpy(tensor.bytes().data() + static_cast<std::size_t>(i) * size, &bits, size);
  }
  return tensor;
}

inline bool same(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

inline Tensor floats(const std::vector<float>& values) {
  return Tensor::from_values<float>({static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace cleave::codec
