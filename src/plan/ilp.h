#pragma once

#include "plan/solver.h"

namespace cleave::plan {

/// The thesis's integer linear programme (2.2.3), solved by CBC: a cross-check of the other
/// solvers, and the way to compare times with the thesis's.
///
/// Binary m[i][j] and c[i][j] say that layers i..j run as one group on the device or in the cloud
/// (eq. 2.5: every layer exactly once); u[i][j] and d[i][j] say that the group's output is then
/// sent up or down (eq. 2.6). The reading taken:
///   - of the three rows of eq. 2.7 for each u and d only the third is written. The first two keep
///   u and d
///     from being 1 without need, which a cost or a limit of 0 or more never gains from;
///   - in eq. 2.9 transfers are weighted as in eq. 2.3, which its sums over m alone come to;
///   - deadline, battery and cloud limit are a row each, over all terms of its kind.
///
/// Optimality: exact within CBC's tolerances, set to 1e-9. Cost: exponential at worst; O(N^2)
/// variables and rows. Deterministic. Statuses: kOptimal, kInfeasible. kInternal where CBC gives
/// up.
Result<Solution> integer_program(const ScheduleProblem& problem);

}  // namespace cleave::plan
