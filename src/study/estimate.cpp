#include "study/estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cleave::study {
namespace {

/// The 97.5 % quantile of the normal distribution.
constexpr double kZ = 1.959963984540054;

}  // namespace

Estimate share(std::size_t hits, std::size_t samples) {
  const auto n = static_cast<double>(samples);
  const double p = static_cast<double>(hits) / n;
  const double z2 = kZ * kZ;
  const double middle = p + z2 / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  const double scale = 1 + z2 / n;
  // Rounding alone would leave the ends by a hair.
  return {p, std::clamp((middle - half) / scale, 0.0, p),
          std::clamp((middle + half) / scale, p, 1.0), samples};
}

double standard_error(const Estimate& mean) { return (mean.high - mean.low) / (2 * kZ); }

void Mean::add(double value) {
  ++samples_;
  const double distance = value - mean_;
  mean_ += distance / static_cast<double>(samples_);
  squares_ += distance * (value - mean_);
}

Estimate Mean::estimate() const {
  const auto n = static_cast<double>(samples_);
  const double half = samples_ > 1 ? kZ * std::sqrt(squares_ / (n - 1) / n)
                                   : std::numeric_limits<double>::infinity();
  return {mean_, mean_ - half, mean_ + half, samples_};
}

}  // namespace cleave::study
