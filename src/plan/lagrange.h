#pragma once

// The relaxation behind LARAC, which the exact solver takes its bounds from. Private to the module.
#include <optional>

#include "plan/schedule_graph.h"

namespace cleave::plan {

/// What moving one limit into the cost tells of a problem.
struct Relaxation {
  bool feasible = false;   ///< some way keeps the limit
  double multiplier = 0;   ///< of the limited cost, at the dual's maximum
  double lower_bound = 0;  ///< of the objective of ways that keep the limit
  Way best;                ///< keeps the limit; cheapest of those that were met
};

/// Relaxes the limit of `resource`; other limits are not looked at. A handful of shortest paths.
Relaxation relax(const ScheduleGraph& graph, std::size_t resource);

}  // namespace cleave::plan
