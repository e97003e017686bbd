#pragma once

#include "plan/network_problem.h"

namespace cleave::study {

/// The best of the schedules with at most one crossing, the device first, by trying each:
/// kFeasible, or kInfeasible where none keeps the limits.
plan::Solution best_single_cut(const plan::NetworkProblem& problem);

/// The best schedule (plan::solve()); where too many values live at once or too many schedules
/// would have to be looked at, the best with one crossing. Fails as plan::solve() for other
/// reasons.
Result<plan::Solution> best_schedule(const plan::NetworkProblem& problem);

}  // namespace cleave::study
