#include "bundle/tolerance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace cleave::bundle {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Range {
  double low = kInfinity;
  double high = -kInfinity;
  double difference = 0;

  void add(double found, double expected) {
    if (std::isnan(found) && std::isnan(expected)) return;
    if (found == expected) {
      if (!std::isfinite(found)) return;
    } else {
      const double d = std::abs(found - expected);
      difference = std::isnan(d) ? kInfinity : std::max(difference, d);
    }
    low = std::min(low, expected);
    high = std::max(high, expected);
  }
  double relative() const {
    if (difference == 0) return 0;
    const double range = high - low;
    const double scale = range > 0 ? range : std::max({std::abs(low), std::abs(high), 1.0});
    return difference / scale;
  }
};

template <class T>
double difference_of(const Tensor& found, const Tensor& expected) {
  Range range;
  const auto a = found.as<T>();
  const auto b = expected.as<T>();
  for (std::size_t i = 0; i < a.size(); ++i)
    range.add(static_cast<double>(a[i]), static_cast<double>(b[i]));
  return range.relative();
}

/// A 16-bit float as a float: bf16 is the upper half of one, f16 is five and ten bits.
float widen(std::uint16_t bits, bool brain) {
  if (brain) {
    const std::uint32_t word = static_cast<std::uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
  const int exponent = (bits >> 10) & 31;
  const float mantissa = static_cast<float>(bits & 1023);
  float value = 0;
  if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else if (exponent == 31)
    value = mantissa == 0 ? std::numeric_limits<float>::infinity() : NAN;
  else
    value = std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000) != 0 ? -value : value;
}

double difference_of_halves(const Tensor& found, const Tensor& expected) {
  Range range;
  const bool brain = found.dtype() == DType::kBf16;
  const auto a = found.as<std::uint16_t>();
  const auto b = expected.as<std::uint16_t>();
  for (std::size_t i = 0; i < a.size(); ++i) range.add(widen(a[i], brain), widen(b[i], brain));
  return range.relative();
}

}  // namespace

double relative_difference(const Tensor& found, const Tensor& expected) {
  if (found.dtype() != expected.dtype() || found.shape() != expected.shape()) return kInfinity;
  switch (found.dtype()) {
    case DType::kF32:
      return difference_of<float>(found, expected);
    case DType::kF64:
      return difference_of<double>(found, expected);
    case DType::kF16:
    case DType::kBf16:
      return difference_of_halves(found, expected);
    default:
      return std::ranges::equal(found.bytes(), expected.bytes()) ? 0 : kInfinity;
  }
}

double tolerance(DType dtype, engine::Precision precision) {
  if (!is_floating(dtype)) return 0;
  // Eight bits of mantissa through a whole network lose a few per cent.
  if (precision == engine::Precision::kBf16 || dtype == DType::kBf16) return 0.1;
  if (dtype == DType::kF16) return 1e-2;
  // Other instruction sets and thread counts add in another order.
  return 1e-3;
}

}  // namespace cleave::bundle
