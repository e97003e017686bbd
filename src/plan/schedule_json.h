#pragma once

#include "base/json.h"
#include "plan/solver.h"

namespace cleave::plan {

/// Reads "cleave-problem/1" (docs/formats/problem.md) and checks it. Errors are kInvalidArgument:
/// the problem is what the caller asks.
Result<ScheduleProblem> schedule_problem_from_json(const Json& json);

/// The reply: status, cost, sums and groups, the solver's name.
Json to_json(const Solved& solved, Objective objective);

}  // namespace cleave::plan
