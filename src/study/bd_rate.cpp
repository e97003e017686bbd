#include "study/bd_rate.h"

#include <algorithm>
#include <cmath>

namespace cleave::study {
namespace {

/// A monotone piecewise cubic through the logarithms of a front's bytes, over quality.
class LogBytes {
 public:
  explicit LogBytes(std::span<const RatePoint> front) {
    for (const RatePoint& point : front) {
      x_.push_back(point.quality);
      y_.push_back(std::log(point.bytes));
    }
    find_slopes();
  }

  const std::vector<double>& qualities() const { return x_; }

  /// At a quality between the first and the last.
  double at(double quality) const {
    if (x_.size() == 1) return y_.front();
    const auto above = std::upper_bound(x_.begin() + 1, x_.end() - 1, quality);
    const auto i = static_cast<std::size_t>(above - x_.begin()) - 1;
    const double h = x_[i + 1] - x_[i];
    const double t = (quality - x_[i]) / h;
    const double s = 1 - t;
    return s * s * (1 + 2 * t) * y_[i] + s * s * t * h * slope_[i] +
           t * t * (3 - 2 * t) * y_[i + 1] - t * t * s * h * slope_[i + 1];
  }

 private:
  double secant(std::size_t i) const { return (y_[i + 1] - y_[i]) / (x_[i + 1] - x_[i]); }

  /// Weighted harmonic means of the secants on either side; those at the ends are the secants.
  void find_slopes() {
    const std::size_t n = x_.size();
    slope_.assign(n, 0);
    if (n == 1) return;
    slope_.front() = secant(0);
    slope_.back() = secant(n - 2);
    for (std::size_t i = 1; i + 1 < n; ++i) {
      const double left = secant(i - 1);
      const double right = secant(i);
      if (left * right <= 0) continue;
      const double before = x_[i] - x_[i - 1];
      const double behind = x_[i + 1] - x_[i];
      slope_[i] =
          3 * (before + behind) / ((2 * behind + before) / left + (behind + 2 * before) / right);
    }
  }

  std::vector<double> x_, y_, slope_;
};

/// The mean of b - a from `low` to `high`: Simpson's rule, which is exact for cubics, between the
/// points of both.
double mean_difference(const LogBytes& a, const LogBytes& b, double low, double high) {
  const auto difference = [&](double quality) { return b.at(quality) - a.at(quality); };
  if (low == high) return difference(low);
  std::vector<double> places{low, high};
  for (const LogBytes* curve : {&a, &b})
    for (const double quality : curve->qualities())
      if (quality > low && quality < high) places.push_back(quality);
  std::ranges::sort(places);
  double sum = 0;
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    const double from = places[i];
    const double to = places[i + 1];
    sum += (to - from) / 6 * (difference(from) + 4 * difference((from + to) / 2) + difference(to));
  }
  return sum / (high - low);
}

}  // namespace

std::vector<RatePoint> rate_front(std::span<const RatePoint> points) {
  std::vector<RatePoint> sorted;
  for (const RatePoint& point : points)
    if (std::isfinite(point.bytes) && point.bytes > 0 && std::isfinite(point.quality))
      sorted.push_back(point);
  std::ranges::sort(sorted, [](const RatePoint& a, const RatePoint& b) {
    return a.bytes < b.bytes || (a.bytes == b.bytes && a.quality > b.quality);
  });
  std::vector<RatePoint> front;
  for (const RatePoint& point : sorted)
    if (front.empty() || point.quality > front.back().quality) front.push_back(point);
  return front;
}

std::optional<double> bd_rate(std::span<const RatePoint> reference,
                              std::span<const RatePoint> tested) {
  const std::vector<RatePoint> a = rate_front(reference);
  const std::vector<RatePoint> b = rate_front(tested);
  if (a.empty() || b.empty()) return std::nullopt;
  const double low = std::max(a.front().quality, b.front().quality);
  const double high = std::min(a.back().quality, b.back().quality);
  if (low > high) return std::nullopt;
  return std::expm1(mean_difference(LogBytes(a), LogBytes(b), low, high));
}

}  // namespace cleave::study
