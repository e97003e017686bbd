#include "study/refine.h"

#include <algorithm>

#include "profile/group_costs.h"
#include "study/network_problem.h"

namespace cleave::study {
namespace {

int count_measured(const profile::GroupCosts& costs, const std::vector<plan::Group>& groups) {
  return static_cast<int>(std::ranges::count_if(
      groups, [&](const plan::Group& g) { return costs.measured(g.first, g.last); }));
}

Json to_json(const plan::NetworkProblem& problem, const plan::ScheduleStep& step) {
  Json json{{"ms", step.cost.ms}, {"mj", step.cost.mj}};
  if (!step.is_transfer()) {
    json["where"] = plan::side_name(step.side);
    json["first"] = step.first;
    json["last"] = step.last;
    return json;
  }
  json["to"] = plan::side_name(step.side);
  json["bytes"] = step.bytes;
  for (const std::size_t v : step.sent) json["values"].push_back(problem.values[v].name);
  return json;
}

}  // namespace

Json to_json(const PlannedSchedule& planned) {
  const plan::Solution& solution = planned.solution;
  Json json{{"status", plan::status_name(solution.status)},
            {"groups_measured", planned.measured_groups},
            {"groups", planned.all_groups},
            {"estimated_on_device", planned.estimated_on_device},
            {"estimated_in_cloud", planned.estimated_in_cloud},
            {"steps", Json::array()}};
  if (solution.status == plan::Status::kInfeasible) return json;
  json["latency_ms"] = solution.schedule.latency_ms;
  json["energy_mj"] = solution.schedule.energy_mj;
  json["cloud_ms"] = solution.schedule.cloud_ms;
  json["bytes"] = solution.schedule.bytes;
  if (const auto steps = plan::steps_of(planned.problem, solution.schedule.groups)) {
    for (const plan::ScheduleStep& step : *steps)
      json["steps"].push_back(to_json(planned.problem, step));
  }
  return json;
}

Result<PlannedSchedule> plan_schedule(const graph::Model& model, const plan::Problem& problem,
                                      const plan::Limits& limits, plan::Objective objective) {
  PlannedSchedule planned;
  planned.problem = network_problem(model, problem, limits, objective);
  planned.solution = CLEAVE_TRY(plan::solve(planned.problem));
  const profile::GroupCosts device(problem.device);
  const profile::GroupCosts cloud(problem.cloud);
  planned.all_groups =
      static_cast<int>(planned.problem.device.size() + planned.problem.cloud.size());
  planned.measured_groups =
      count_measured(device, planned.problem.device) + count_measured(cloud, planned.problem.cloud);
  for (const plan::ScheduledGroup& g : planned.solution.schedule.groups) {
    const bool on_device = g.side == plan::Side::kDevice;
    if ((on_device ? device : cloud).measured(g.first, g.last)) continue;
    (on_device ? planned.estimated_on_device : planned.estimated_in_cloud)
        .emplace_back(g.first, g.last);
  }
  return planned;
}

Result<PlannedSchedule> refine_schedule(const graph::Model& model, engine::Engine& engine,
                                        plan::Problem& problem, const plan::Limits& limits,
                                        plan::Objective objective, profile::MeasureOptions options,
                                        Clock& clock) {
  const Nanos deadline = clock.now() + from_ms(options.budget_s * 1000);
  for (;;) {
    PlannedSchedule planned = CLEAVE_TRY(plan_schedule(model, problem, limits, objective));
    options.budget_s = to_ms(deadline - clock.now()) / 1000;
    if (planned.measured_through() || options.budget_s <= 0) return planned;
    options.groups = planned.estimated_on_device;
    if (!options.groups.empty())
      CLEAVE_CHECK(profile::add_groups(problem.device, model, engine, options, clock));
    options.groups = planned.estimated_in_cloud;
    if (!options.groups.empty())
      CLEAVE_CHECK(profile::add_groups(problem.cloud, model, engine, options, clock));
  }
}

}  // namespace cleave::study
