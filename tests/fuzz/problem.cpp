// The planner's problems on any bytes: what is accepted is solved, and the schedule is what it
// says.
#include <cstdint>
#include <cstdlib>

#include "plan/dag_json.h"
#include "plan/min_cut.h"
#include "plan/schedule_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return 0;
  if (const auto dag = plan::dag_problem_from_json(*json)) {
    const plan::DagSolution solution = plan::min_cut(*dag);
    if (plan::cost_of(*dag, solution.sides) != solution.cost_ms) std::abort();
  }
  const auto problem = plan::schedule_problem_from_json(*json);
  if (!problem) {
    if (problem.error().message.empty()) std::abort();
    return 0;
  }
  const auto solved = plan::solve(*problem);
  if (!solved) return 0;
  const plan::Solution& solution = solved->solution;
  if (solution.status == plan::Status::kInfeasible) return 0;
  const auto again = plan::evaluate(*problem, solution.schedule.groups);
  if (!again || !plan::within(*again, problem->limits)) std::abort();
  return 0;
}
