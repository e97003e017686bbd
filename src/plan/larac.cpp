#include "plan/larac.h"

#include "plan/lagrange.h"
#include "plan/shortest_path.h"

namespace cleave::plan {

Result<Solution> larac(const ScheduleProblem& problem) {
  const ScheduleGraph graph(problem);
  std::vector<std::size_t> limited;
  for (std::size_t r = 0; r < graph.limits().size(); ++r)
    if (graph.limits()[r]) limited.push_back(r);
  if (limited.empty()) return shortest_path(problem);
  if (limited.size() > 1) {
    return fail(
        ErrorCode::kUnsupported, "plan.larac",
        "the problem has " + std::to_string(limited.size()) + " limits, expected at most one");
  }
  Relaxation relaxed = relax(graph, limited.front());
  if (!relaxed.feasible) return Solution{};
  Solution solution{Status::kFeasible, schedule_of(std::move(relaxed.best)), relaxed.lower_bound};
  const double cost = objective_of(solution.schedule, problem.objective);
  if (solution.lower_bound >= cost) solution.status = Status::kOptimal;
  return solution;
}

}  // namespace cleave::plan
