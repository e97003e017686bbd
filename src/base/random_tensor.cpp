#include "base/random_tensor.h"

#include <algorithm>
#include <bit>
#include <span>

#include "base/random.h"

namespace cleave {
namespace {

std::span<std::uint16_t> raw_u16(Tensor& t) {
  return {reinterpret_cast<std::uint16_t*>(t.bytes().data()), t.bytes().size() / 2};
}

std::uint16_t bfloat_bits(float value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
}

/// Cut off, not rounded; what is too small for a normal half becomes 0. For numbers below 65,504.
std::uint16_t half_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  const int exponent = static_cast<int>(bits >> 23 & 0xff) - 127 + 15;
  if (exponent <= 0) return static_cast<std::uint16_t>(sign);
  return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(exponent) << 10 |
                                    (bits >> 13 & 0x3ff));
}

}  // namespace

std::vector<Tensor> random_tensors(const std::vector<TensorSpec>& specs, std::uint64_t seed) {
  Random random(seed);
  std::vector<Tensor> tensors;
  for (const TensorSpec& spec : specs) {
    Tensor t(spec.dtype, spec.shape);
    std::ranges::fill(t.bytes(), std::byte{0});
    if (spec.dtype == DType::kF32) {
      for (float& value : t.as<float>()) value = static_cast<float>(random.normal());
    } else if (spec.dtype == DType::kF64) {
      for (double& value : t.as<double>()) value = random.normal();
    } else if (spec.dtype == DType::kF16) {
      for (auto& bits : raw_u16(t)) bits = half_bits(static_cast<float>(random.normal()));
    } else if (spec.dtype == DType::kBf16) {
      for (auto& bits : raw_u16(t)) bits = bfloat_bits(static_cast<float>(random.normal()));
    }
    tensors.push_back(std::move(t));
  }
  return tensors;
}

}  // namespace cleave
