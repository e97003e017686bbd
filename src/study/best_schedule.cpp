#include "study/best_schedule.h"

#include <utility>

namespace cleave::study {

plan::Solution best_single_cut(const plan::NetworkProblem& problem) {
  plan::Solution best;
  const auto offer = [&](std::vector<plan::ScheduledGroup> groups) {
    auto schedule = plan::evaluate(problem, std::move(groups));
    if (!schedule || !plan::within(*schedule, problem.limits)) return;
    const double cost = plan::objective_of(*schedule, problem.objective);
    if (best.status == plan::Status::kFeasible &&
        plan::objective_of(best.schedule, problem.objective) <= cost)
      return;
    best = {plan::Status::kFeasible, *std::move(schedule), 0};
  };
  const int n = problem.layers;
  offer({{1, n, plan::Side::kDevice}});
  offer({{1, n, plan::Side::kCloud}});
  for (int k = 1; k < n; ++k) offer({{1, k, plan::Side::kDevice}, {k + 1, n, plan::Side::kCloud}});
  return best;
}

Result<plan::Solution> best_schedule(const plan::NetworkProblem& problem) {
  auto solution = plan::solve(problem);
  const bool too_wide = !solution && (solution.error().code == ErrorCode::kUnsupported ||
                                      solution.error().code == ErrorCode::kResourceExhausted);
  if (too_wide) return best_single_cut(problem);
  return solution;
}

}  // namespace cleave::study
