#include "base/stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cleave {

double quantile_of_sorted(const std::vector<double>& ascending, double q) {
  if (ascending.empty()) return 0;
  const double at = q * static_cast<double>(ascending.size() - 1);
  const auto low = static_cast<std::size_t>(std::floor(at));
  const std::size_t high = std::min(low + 1, ascending.size() - 1);
  return ascending[low] + (at - static_cast<double>(low)) * (ascending[high] - ascending[low]);
}

Summary summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto q = [&](double p) { return quantile_of_sorted(values, p); };
  return Summary{.count = static_cast<int>(values.size()),
                 .mean = std::accumulate(values.begin(), values.end(), 0.0) /
                         static_cast<double>(values.size()),
                 .median = q(0.5),
                 .p25 = q(0.25),
                 .p75 = q(0.75),
                 .p90 = q(0.9),
                 .p95 = q(0.95),
                 .p99 = q(0.99),
                 .min = values.front(),
                 .max = values.back()};
}

}  // namespace cleave
