#pragma once

#include <vector>

namespace cleave {

/// Order statistics of a set of measurements, in the unit of the input.
struct Summary {
  int count = 0;
  double mean = 0, median = 0, p25 = 0, p75 = 0, p90 = 0, p95 = 0, p99 = 0, min = 0, max = 0;
};

/// The q-quantile (0 ≤ q ≤ 1) of ascending values, linear between neighbours; 0 of none.
double quantile_of_sorted(const std::vector<double>& ascending, double q);
Summary summarize(std::vector<double> values);

/// Is a difference of two shares or percentages no more than `limit`? 0.9324 - 0.9124 is a little
/// more than 0.02, and counts as that.
constexpr bool is_at_most(double difference, double limit) { return difference <= limit + 1e-9; }

}  // namespace cleave
