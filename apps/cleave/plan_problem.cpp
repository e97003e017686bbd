// cleave plan --problem: the planner alone, on costs that somebody else has measured.
#include "plan_problem.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "plan/dag_json.h"
#include "plan/min_cut.h"
#include "plan/schedule_json.h"

namespace cleave::app {
namespace {

constexpr std::uint64_t kMaxProblemBytes = std::uint64_t{256} << 20;

Result<Json> read_problem(const std::string& path) {
  const std::string text = CLEAVE_TRY(read_file(path, kMaxProblemBytes));
  return about("'" + path + "'", parse_json(text, "plan.problem"));
}

Result<plan::Solved> solve(const plan::ScheduleProblem& problem, const std::string& solver) {
  if (solver.empty()) return plan::solve(problem);
  const plan::Solver& chosen = *CLEAVE_TRY(plan::find_solver(solver));
  return plan::Solved{CLEAVE_TRY(chosen.solve(problem)), chosen.name};
}

void print_schedule(const plan::Solved& solved, double solve_ms) {
  const plan::Solution& solution = solved.solution;
  fmt::print("{}, by {} in {:.3g} ms\n", plan::status_name(solution.status), solved.solver,
             solve_ms);
  if (solution.status == plan::Status::kInfeasible) return;
  const plan::Schedule& schedule = solution.schedule;
  fmt::print("latency {:g} ms, energy {:g} mJ, cloud {:g} ms\n", schedule.latency_ms,
             schedule.energy_mj, schedule.cloud_ms);
  if (solution.status == plan::Status::kFeasible)
    fmt::print("no schedule costs less than {:g}\n", solution.lower_bound);
  for (const plan::ScheduledGroup& g : schedule.groups)
    fmt::print("  layers {} to {}: {}\n", g.first, g.last, plan::side_name(g.side));
}

Result<void> plan_chain(const Json& json, const ProblemArgs& args) {
  const auto problem = CLEAVE_TRY(plan::schedule_problem_from_json(json));
  const SteadyClock clock;
  const Nanos start = clock.now();
  const plan::Solved solved = CLEAVE_TRY(solve(problem, args.solver));
  const double solve_ms = to_ms(clock.now() - start);
  if (args.json)
    fmt::print("{}\n", dump_json(plan::to_json(solved, problem.objective), 2));
  else
    print_schedule(solved, solve_ms);
  return {};
}

Result<void> plan_dag(const Json& json, const ProblemArgs& args) {
  if (!args.solver.empty() && args.solver != "min-cut") {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "solver '" + args.solver + "' is for chains, expected min-cut for a graph");
  }
  const auto problem = CLEAVE_TRY(plan::dag_problem_from_json(json));
  const plan::DagSolution solution = plan::min_cut(problem);
  if (args.json) {
    fmt::print("{}\n", dump_json(plan::to_json(problem, solution), 2));
    return {};
  }
  fmt::print("optimal, by min-cut: {:g} ms\n", solution.cost_ms);
  for (std::size_t i = 0; i < problem.nodes.size(); ++i)
    fmt::print("  node {}: {}\n", problem.nodes[i].id, plan::side_name(solution.sides[i]));
  return {};
}

Result<void> plan_any(const ProblemArgs& args) {
  const Json json = CLEAVE_TRY(read_problem(args.path));
  const bool dag =
      json.is_object() && json.contains("format") && json.at("format") == "cleave-dag/1";
  return dag ? plan_dag(json, args) : plan_chain(json, args);
}

}  // namespace

Result<int> plan_problem(const ProblemArgs& args) {
  auto planned = plan_any(args);
  if (planned) return 0;
  // The file is what was asked: a fault in it is wrong use, whatever kind of fault it is.
  Error error = std::move(planned).error();
  error.code = ErrorCode::kInvalidArgument;
  return std::unexpected(std::move(error));
}

}  // namespace cleave::app
