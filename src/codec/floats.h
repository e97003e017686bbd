#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::codec {

/// Floats that are worked on at a time: they and their codes stay in the first-level cache.
/// A multiple of 8, so that every chunk of codes starts on a whole byte whatever their bits.
inline constexpr std::size_t kChunk = 2048;

/// `count` floating elements as f32: exact from f16 and bf16, to the nearest from f64 (beyond f32's
/// range: infinite). `in` must be aligned for its type.
void to_floats(DType dtype, const std::byte* in, std::size_t count, float* out);

/// The reverse: exact to f64; to f16 and bf16 the nearest, ties to even, finite values kept finite.
void from_floats(DType dtype, const float* in, std::size_t count, std::byte* out);

/// Calls `visit(values, count, at)` with the elements of a floating tensor as f32, chunk by chunk.
template <class Visit>
void for_each_chunk(std::span<const std::byte> bytes, DType dtype, Visit visit) {
  const std::size_t size = dtype_size(dtype);
  const std::size_t elements = bytes.size() / size;
  std::array<float, kChunk> scratch;
  for (std::size_t at = 0; at < elements; at += kChunk) {
    const std::size_t count = std::min(kChunk, elements - at);
    const float* values = scratch.data();
    if (dtype == DType::kF32) {
      values = reinterpret_cast<const float*>(bytes.data()) + at;
    } else {
      to_floats(dtype, bytes.data() + at * size, count, scratch.data());
    }
    visit(values, count, at);
  }
}

/// The error for a value that is not finite as f32, saying where it is; fails always.
Error not_finite(std::span<const std::byte> bytes, DType dtype);

}  // namespace cleave::codec
