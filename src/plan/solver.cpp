#include "plan/solver.h"

#include <algorithm>
#include <array>

#include "base/spec.h"
#include "plan/brute_force.h"
#include "plan/ilp.h"
#include "plan/larac.h"
#include "plan/pareto_labels.h"
#include "plan/shortest_path.h"

namespace cleave::plan {
namespace {

constexpr std::array kSolvers{
    Solver{"shortest-path", "exact, without limits; linear in the groups", shortest_path},
    Solver{"pareto-labels", "exact, with any limits", pareto_labels},
    Solver{"ilp", "exact, the thesis's integer programme, by CBC", integer_program},
    Solver{"larac", "near the optimum, with one limit; says how near", larac},
    Solver{"brute-force", "exact, tries every schedule; small chains only", brute_force},
};

}  // namespace

std::string_view status_name(Status status) {
  switch (status) {
    case Status::kOptimal:
      return "optimal";
    case Status::kFeasible:
      return "feasible";
    case Status::kInfeasible:
      return "infeasible";
  }
  return "infeasible";
}

std::span<const Solver> solvers() { return kSolvers; }

Result<const Solver*> find_solver(std::string_view name) {
  const auto found = std::ranges::find(kSolvers, name, &Solver::name);
  if (found != kSolvers.end()) return &*found;
  std::vector<std::string> names;
  for (const Solver& solver : kSolvers) names.emplace_back(solver.name);
  return std::unexpected(unknown_name("plan", "solver", name, names));
}

Result<Solved> solve(const ScheduleProblem& problem) {
  CLEAVE_CHECK(check(problem));
  const Limits& limits = problem.limits;
  const bool limited = limits.deadline_ms || limits.battery_mj || limits.cloud_ms;
  const Solver& solver = kSolvers[limited ? 1 : 0];
  return Solved{CLEAVE_TRY(solver.solve(problem)), solver.name};
}

}  // namespace cleave::plan
