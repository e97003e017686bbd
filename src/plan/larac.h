#pragma once

#include "plan/solver.h"

namespace cleave::plan {

/// The constrained shortest path by Lagrange relaxation (LARAC: Jüttner, Szviatovszki, Mécs and
/// Rajkó, 2001; named in thesis 2.2.2): the limit moves into the cost with a multiplier, which is
/// raised until the cheapest way for it is the best that some multiplier gives.
///
/// Optimality: of the dual exactly; the schedule's cost is within `cost - lower_bound` of the
/// optimum. Takes one limit, kUnsupported with more. Cost: a
/// handful of shortest paths, each O(groups + layers). Deterministic. Statuses: kOptimal where the
/// gap is nothing, else kFeasible; kInfeasible.
Result<Solution> larac(const ScheduleProblem& problem);

}  // namespace cleave::plan
