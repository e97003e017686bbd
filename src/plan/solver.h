#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "plan/schedule.h"

namespace cleave::plan {

enum class Status {
  kOptimal,     ///< no schedule within the limits is cheaper
  kFeasible,    ///< within the limits; a cheaper one may be, by no more than the gap
  kInfeasible,  ///< no schedule is within the limits
};
std::string_view status_name(Status status);

struct Solution {
  Status status = Status::kInfeasible;
  Schedule schedule;  ///< empty when infeasible
  double lower_bound =
      0;  ///< no schedule within the limits is cheaper; equals the cost at kOptimal
};

/// A way to solve a problem that check() accepts. Thread-safe and without state.
struct Solver {
  std::string_view name;
  std::string_view about;
  /// kUnsupported where a solver cannot take a problem of this kind or size.
  Result<Solution> (*solve)(const ScheduleProblem& problem);
};

/// All solvers; the first one that takes a problem is the one for everyday use.
std::span<const Solver> solvers();

/// A solver by name; an error lists those there are.
Result<const Solver*> find_solver(std::string_view name);

/// Checks the problem, then solves it: by shortest path without limits, by Pareto labels with them.
struct Solved {
  Solution solution;
  std::string_view solver;
};
Result<Solved> solve(const ScheduleProblem& problem);

}  // namespace cleave::plan
