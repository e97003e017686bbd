#include "profile/interpolate.h"

namespace cleave::profile {
namespace {

/// Ours: moving an element costs about as much as this many multiply-accumulates.
constexpr double kMacsPerElement = 20;

}  // namespace

double work_of(const graph::Layer& layer) {
  const double elements = static_cast<double>(layer.output_bytes.value_or(0)) / 4 +
                          static_cast<double>(layer.parameters);
  return static_cast<double>(layer.macs) + kMacsPerElement * elements;
}

void interpolate(std::vector<std::optional<Cost>>& costs, const std::vector<double>& work,
                 const std::vector<std::size_t>& cuts) {
  std::vector<double> done(work.size() + 1, 0);
  for (std::size_t i = 0; i < work.size(); ++i) done[i + 1] = done[i] + work[i];
  std::vector<std::optional<Cost>> filled = costs;
  for (std::size_t k : cuts) {
    if (costs[k]) continue;
    std::size_t low = k;
    std::size_t high = k;
    while (!costs[low]) --low;
    while (!costs[high]) ++high;
    const double span = done[high] - done[low];
    const double share = span > 0 ? (done[k] - done[low]) / span : 0.5;
    const auto between = [&](double Cost::* member) {
      return (*costs[low]).*member + share * ((*costs[high]).*member - (*costs[low]).*member);
    };
    filled[k] = Cost{between(&Cost::median_ms), between(&Cost::p25_ms), between(&Cost::p75_ms), 0};
  }
  costs = std::move(filled);
}

}  // namespace cleave::profile
