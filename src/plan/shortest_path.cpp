#include "plan/shortest_path.h"

#include "plan/schedule_graph.h"

namespace cleave::plan {

Result<Solution> shortest_path(const ScheduleProblem& problem) {
  const ScheduleGraph graph(problem);
  if (graph.limited()) {
    return fail(ErrorCode::kUnsupported, "plan.shortest_path",
                "the problem has limits, expected none");
  }
  Costs weights{};
  weights[graph.objective()] = 1;
  const WaysToGo ways(graph, weights);
  if (!ways.reaches()) return Solution{};
  return optimal(ways.cheapest(), problem.objective);
}

}  // namespace cleave::plan
