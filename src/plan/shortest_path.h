#pragma once

#include "plan/solver.h"

namespace cleave::plan {

/// The shortest path in the JointDNN graph (thesis 2.2.2), on two states a boundary.
///
/// Optimality: exact. Only without limits: kUnsupported with them. Cost: O(groups + layers), time
/// and memory. Deterministic: of equal schedules the one whose first differing step stays on its
/// side, then the group listed first. Statuses: kOptimal, kInfeasible where groups are missing.
Result<Solution> shortest_path(const ScheduleProblem& problem);

}  // namespace cleave::plan
