#include "study/split_request.h"

namespace cleave::study {

void add_costs(const plan::Problem& problem, bundle::WriteRequest& request) {
  std::vector<std::optional<bundle::CutCosts>> costs;
  for (const graph::Cut* cut : request.cuts) {
    const auto k = static_cast<std::size_t>(cut->index);
    if (!problem.device.head[k] || !problem.cloud.tail[k] || !problem.codec[k]) return;
    costs.emplace_back(bundle::CutCosts{problem.device.head[k]->median_ms,
                                        problem.cloud.tail[k]->median_ms, *problem.codec[k]});
  }
  request.cut_costs = std::move(costs);
  request.costs = bundle::WholeCosts{problem.device.whole_ms, problem.device.slowdown,
                                     problem.cloud.whole_ms, *problem.codec.front()};
}

}  // namespace cleave::study
