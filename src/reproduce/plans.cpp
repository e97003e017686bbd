#include "reproduce/plans.h"

#include <algorithm>

#include "study/best_schedule.h"
#include "study/scaling.h"

namespace cleave::reproduce {
namespace {

Result<Breakdown> break_down(const plan::NetworkProblem& problem,
                             const std::vector<plan::ScheduledGroup>& groups) {
  Breakdown sum;
  const auto steps = CLEAVE_TRY(plan::steps_of(problem, groups));
  for (const plan::ScheduleStep& step : steps) {
    sum.transfer_ms += step.transfer.cost.ms;
    sum.transfer_mj += step.transfer.cost.mj;
    (step.side == plan::Side::kDevice ? sum.device_ms : sum.cloud_ms) += step.cost.ms;
    sum.device_mj += step.cost.mj;
  }
  return sum;
}

double percent_less(double now, double before) { return before > 0 ? 100 * (1 - now / before) : 0; }

}  // namespace

double PlanRow::improvement_percent() const {
  const plan::Objective o = question.objective;
  return percent_less(planned.of(o), std::min(device_only.of(o), cloud_only.of(o)));
}

double PlanRow::workload_reduction_percent() const {
  return percent_less(planned.cloud_ms, cloud_only.cloud_ms);
}

Result<PlanRow> answer(const Pair& pair, const Network& network, const Costs& costs,
                       const Question& question) {
  const Link link = CLEAVE_TRY(parse_link(question.link));
  plan::Problem problem = thesis_problem(network.model, costs, link, question.compression);
  study::scale_costs(problem.device, 1 / question.speed);
  study::scale_costs(problem.cloud, 1 / question.speed);
  study::ScheduleRequest request;
  request.objective = question.objective;
  if (question.updated) request.training = study::TrainingSpec{.updated = *question.updated};
  const plan::NetworkProblem whole =
      CLEAVE_TRY(study::network_problem(network.model, problem, request));
  const plan::Solution solution = CLEAVE_TRY(study::best_schedule(whole));

  PlanRow row{pair.name,
              std::string(network.title),
              network.batch,
              question,
              {},
              {},
              {},
              {},
              solution.status == plan::Status::kOptimal};
  row.device_only = CLEAVE_TRY(break_down(whole, {{1, whole.layers, plan::Side::kDevice}}));
  row.cloud_only = CLEAVE_TRY(break_down(whole, {{1, whole.layers, plan::Side::kCloud}}));
  row.planned = CLEAVE_TRY(break_down(whole, solution.schedule.groups));
  for (const plan::ScheduledGroup& g : solution.schedule.groups)
    row.sides.insert(row.sides.end(), static_cast<std::size_t>(g.last - g.first + 1), g.side);
  return row;
}

}  // namespace cleave::reproduce
