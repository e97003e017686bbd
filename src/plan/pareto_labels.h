#pragma once

#include "plan/solver.h"

namespace cleave::plan {

/// The constrained shortest path, exactly, by Pareto labels: every way to a state that no other way
/// to it beats in the objective and in all that is limited is kept as a label and extended.
///
/// Two things keep labels few. A label goes when even the least of a limited cost that the rest of
/// the way needs breaks the limit; and when its own cost with the least that the rest can cost,
/// limits priced by the multipliers that LARAC finds, is no less than that of a schedule already
/// known.
///
/// Optimality: exact, with any limits: both tests only drop what cannot become a better schedule.
/// Cost: O(groups * labels log labels), labels being those of one state: exponential at worst (the
/// problem is NP-hard), a few in practice. Deterministic. Statuses: kOptimal,
/// kInfeasible; kResourceExhausted where the labels outgrow memory.
Result<Solution> pareto_labels(const ScheduleProblem& problem);

}  // namespace cleave::plan
