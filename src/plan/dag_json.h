#pragma once

#include "base/json.h"
#include "plan/dag.h"

namespace cleave::plan {

/// Reads "cleave-dag/1" (docs/formats/problem.md) and checks it. Errors are kInvalidArgument.
Result<DagProblem> dag_problem_from_json(const Json& json);

/// The reply: status, cost, the ids on each side in the order of the problem, the solver's name.
Json to_json(const DagProblem& problem, const DagSolution& solution);

}  // namespace cleave::plan
