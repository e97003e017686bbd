#include "reproduce/plans.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan/scaling.h"
#include "study/refine.h"

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

int crossings_of(const std::vector<plan::Side>& sides) {
  int crossings = 0;
  plan::Side before = plan::Side::kDevice;
  for (const plan::Side side : sides) {
    crossings += side == before ? 0 : 1;
    before = side;
  }
  // The answer has to be on the device.
  return crossings + (before == plan::Side::kCloud ? 1 : 0);
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
  plan::scale_costs(problem.device, 1 / question.speed);
  plan::scale_costs(problem.cloud, 1 / question.speed);
  study::ScheduleRequest request;
  request.objective = question.objective;
  if (question.updated) request.training = study::TrainingSpec{.updated = *question.updated};
  const auto planned = CLEAVE_TRY(study::plan_schedule(network.model, problem, request));
  const plan::NetworkProblem& whole = planned.problem;
  const plan::Solution& solution = planned.solution;

  PlanRow row{pair.name,
              std::string(network.title),
              network.batch,
              question,
              {},
              {},
              {},
              {},
              solution.status == plan::Status::kOptimal,
              0};
  row.estimated_groups = planned.estimated_on_device.size() + planned.estimated_in_cloud.size();
  row.device_only = CLEAVE_TRY(break_down(whole, {{1, whole.layers, plan::Side::kDevice}}));
  row.cloud_only = CLEAVE_TRY(break_down(whole, {{1, whole.layers, plan::Side::kCloud}}));
  row.planned = CLEAVE_TRY(break_down(whole, solution.schedule.groups));
  for (const plan::ScheduledGroup& g : solution.schedule.groups)
    row.sides.insert(row.sides.end(),
                     static_cast<std::size_t>(g.last) + 1 - static_cast<std::size_t>(g.first),
                     g.side);
  return row;
}

std::string plans_csv(const std::vector<PlanRow>& rows) {
  std::string csv =
      "pair,network,batch,pass,updated,link,objective,compression,speed,mobile_only_ms,"
      "cloud_only_ms,planned_ms,mobile_only_mj,cloud_only_mj,planned_mj,improvement_percent,"
      "server_work_saved_percent,crossings,estimated_groups,exact\n";
  for (const PlanRow& r : rows) {
    const Question& q = r.question;
    csv += fmt::format("{},{},{},{},{:g},{},{},{:g},{:g}", r.pair, r.network, r.batch,
                       q.updated ? "training" : "inference", q.updated.value_or(0), q.link,
                       plan::objective_name(q.objective), q.compression, q.speed);
    for (const Breakdown* b : {&r.device_only, &r.cloud_only, &r.planned})
      csv += fmt::format(",{:.6g}", b->latency_ms());
    for (const Breakdown* b : {&r.device_only, &r.cloud_only, &r.planned})
      csv += fmt::format(",{:.6g}", b->energy_mj());
    csv += fmt::format(",{:.4g},{:.4g},{},{},{}\n", r.improvement_percent(),
                       r.workload_reduction_percent(), crossings_of(r.sides), r.estimated_groups,
                       r.exact ? "yes" : "no");
  }
  return csv;
}

}  // namespace cleave::reproduce
