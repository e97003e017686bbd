#pragma once

// Random scheduling problems, ties and infeasible ones among them.
#include "base/random.h"
#include "plan/schedule.h"

namespace cleave::plan {

/// How many random problems solvers are tried on; fewer under the sanitizer, which makes each
/// thirty times slower and sees what it can see in fewer of them.
#ifdef CLEAVE_SANITIZED
inline constexpr int kProblems = 400;
#else
inline constexpr int kProblems = 10'000;
#endif

/// A chain of 1 to `max_layers` layers. Costs are small whole numbers in half of the problems, so
/// that ties are common; some groups are missing in half of them, cloud groups send updates in a
/// quarter; every mix of limits occurs, from
/// ones that nothing meets to ones that everything does.
inline ScheduleProblem random_problem(Random& random, int max_layers) {
  ScheduleProblem p;
  p.layers = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(max_layers)));
  const bool whole = random.below(2) == 0;
  const bool updates = random.below(4) == 0;
  const double density = random.below(2) == 0 ? 1 : random.uniform(0.3, 1);
  const auto cost = [&] {
    return whole ? static_cast<double>(random.below(5)) : random.uniform(0, 10);
  };
  for (int i = 1; i <= p.layers; ++i) {
    for (int j = i; j <= p.layers; ++j) {
      if (random.uniform(0, 1) < density) p.device.push_back({i, j, {cost() * 2, cost()}});
      if (random.uniform(0, 1) < density) p.cloud.push_back({i, j, {cost(), 0}});
      if (updates && !p.cloud.empty()) p.cloud.back().update.cost = {cost(), cost()};
    }
  }
  for (int k = 0; k <= p.layers; ++k) {
    p.upload.push_back({cost(), cost()});
    p.download.push_back({cost(), cost()});
  }
  const double scale = random.uniform(0, 6) * p.layers;
  const auto limit = [&]() -> std::optional<double> {
    if (random.below(2) == 0) return std::nullopt;
    const double value = random.below(8) == 0 ? 0 : random.uniform(0, scale);
    return whole ? std::optional(static_cast<double>(static_cast<int>(value))) : value;
  };
  p.limits = {limit(), limit(), limit()};
  p.objective = random.below(2) == 0 ? Objective::kLatency : Objective::kEnergy;
  return p;
}

}  // namespace cleave::plan
