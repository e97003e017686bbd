#pragma once

#include "plan/solver.h"

namespace cleave::plan {

/// Every schedule, one after the other: the oracle of the other solvers' tests.
///
/// Optimality: exact, with any limits. Cost: up to 2 * 3^(N - 1) schedules of N layers;
/// kUnsupported above 12 layers. Deterministic. Statuses: kOptimal, kInfeasible.
Result<Solution> brute_force(const ScheduleProblem& problem);

}  // namespace cleave::plan
