#include "codec/floats.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "codec/kernels.h"

namespace cleave::codec {
namespace {

void from_bf16(const std::uint16_t* in, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = std::bit_cast<float>(static_cast<std::uint32_t>(in[i]) << 16);
  }
}

void to_bf16(const float* in, std::size_t count, std::uint16_t* out) {
  constexpr std::uint32_t kLargest = 0x7f7f;
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(in[i]);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    const std::uint32_t rounded = (magnitude + 0x7fff + ((magnitude >> 16) & 1)) >> 16;
    out[i] = static_cast<std::uint16_t>(std::min(rounded, kLargest) | ((bits >> 16) & 0x8000));
  }
}

std::string text_of(DType dtype, const std::byte* element, float as_float) {
  double value = as_float;
  if (dtype == DType::kF64) std::memcpy(&value, element, sizeof value);
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

}  // namespace

void to_floats(DType dtype, const std::byte* in, std::size_t count, float* out) {
  switch (dtype) {
    case DType::kF16:
      best_kernels().from_halves(reinterpret_cast<const std::uint16_t*>(in), count, out);
      return;
    case DType::kBf16:
      from_bf16(reinterpret_cast<const std::uint16_t*>(in), count, out);
      return;
    case DType::kF64: {
      const auto* values = reinterpret_cast<const double*>(in);
      for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(values[i]);
      return;
    }
    default:
      std::memcpy(out, in, count * sizeof(float));
  }
}

void from_floats(DType dtype, const float* in, std::size_t count, std::byte* out) {
  switch (dtype) {
    case DType::kF16:
      best_kernels().to_halves(in, count, reinterpret_cast<std::uint16_t*>(out));
      return;
    case DType::kBf16:
      to_bf16(in, count, reinterpret_cast<std::uint16_t*>(out));
      return;
    case DType::kF64: {
      auto* values = reinterpret_cast<double*>(out);
      for (std::size_t i = 0; i < count; ++i) values[i] = in[i];
      return;
    }
    default:
      std::memcpy(out, in, count * sizeof(float));
  }
}

Error not_finite(std::span<const std::byte> bytes, DType dtype) {
  std::string found = "a value is not finite";
  bool done = false;
  for_each_chunk(bytes, dtype, [&](const float* values, std::size_t count, std::size_t at) {
    const float* bad =
        std::find_if_not(values, values + count, [](float v) { return std::isfinite(v); });
    if (done || bad == values + count) return;
    done = true;
    const std::size_t index = at + static_cast<std::size_t>(bad - values);
    found = "value at " + std::to_string(index) + " is " +
            text_of(dtype, bytes.data() + index * dtype_size(dtype), *bad);
  });
  const std::string_view expected =
      dtype == DType::kF64 ? ", expected finite and within f32" : ", expected finite";
  return Error{ErrorCode::kInvalidArgument, "codec.quant", found.append(expected)};
}

}  // namespace cleave::codec
