#include "study/refine.h"

#include <algorithm>
#include <set>

#include "plan/planner.h"
#include "profile/group_costs.h"
#include "study/best_schedule.h"

namespace cleave::study {
namespace {

using Range = std::pair<int, int>;

/// The groups of an inference that a scheduled group's cost is made of: itself, or in training
/// those of its forward and its backward part.
std::vector<Range> parts_of(const plan::ScheduledGroup& g, int layers) {
  std::vector<Range> parts;
  if (g.first <= layers) parts.emplace_back(g.first, std::min(g.last, layers));
  if (g.last > layers)
    parts.emplace_back(2 * layers + 1 - g.last, 2 * layers + 1 - std::max(g.first, layers + 1));
  return parts;
}

/// Counts the groups of an inference, and those that were measured.
void count(const profile::GroupCosts& costs, const std::vector<plan::Group>& groups, int layers,
           PlannedSchedule& planned) {
  for (const plan::Group& g : groups) {
    if (g.last > layers) continue;
    ++planned.all_groups;
    planned.measured_groups += costs.measured(g.first, g.last) ? 1 : 0;
  }
}

void add_once(std::vector<Range>& list, const Range& range) {
  if (std::ranges::find(list, range) == list.end()) list.push_back(range);
}

/// Measures groups of both sides on this machine and puts them into a problem's profiles, while the
/// time lasts.
class Remeasurer {
 public:
  static Result<Remeasurer> create(const graph::Model& model, engine::Engine& engine,
                                   plan::Problem& problem, profile::MeasureOptions options,
                                   Clock& clock) {
    CLEAVE_CHECK(profile::check_is_of_here(problem.device, engine));
    CLEAVE_CHECK(profile::check_is_of_here(problem.cloud, engine));
    return Remeasurer(model, engine, problem, std::move(options), clock);
  }

  bool is_over() const { return clock_.now() >= deadline_; }

  Result<void> measure(const std::vector<Range>& on_device, const std::vector<Range>& in_cloud) {
    CLEAVE_CHECK(measure(problem_.device, on_device));
    return measure(problem_.cloud, in_cloud);
  }

 private:
  Remeasurer(const graph::Model& model, engine::Engine& engine, plan::Problem& problem,
             profile::MeasureOptions options, Clock& clock)
      : model_(model),
        engine_(engine),
        problem_(problem),
        options_(std::move(options)),
        clock_(clock),
        deadline_(clock.now() + from_ms(options_.budget_s * 1000)) {}

  Result<void> measure(profile::Profile& profile, const std::vector<Range>& groups) {
    if (groups.empty() || is_over()) return {};
    options_.groups = groups;
    options_.budget_s = to_ms(deadline_ - clock_.now()) / 1000;
    return profile::add_groups(profile, model_, engine_, options_, clock_);
  }

  const graph::Model& model_;
  engine::Engine& engine_;
  plan::Problem& problem_;
  profile::MeasureOptions options_;
  Clock& clock_;
  Nanos deadline_;
};

Json to_json(const plan::NetworkProblem& problem, const plan::ScheduleStep& step) {
  Json json{{"ms", step.cost.ms + step.transfer.cost.ms},
            {"mj", step.cost.mj + step.transfer.cost.mj},
            {"bytes", step.transfer.bytes}};
  if (step.is_group()) {
    json["where"] = plan::side_name(step.side);
    json["first"] = step.first;
    json["last"] = step.last;
    if (step.memory_bytes > 0) json["memory_bytes"] = step.memory_bytes;
    return json;
  }
  json["to"] = plan::side_name(step.side);
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
  if (solution.schedule.device_memory_bytes > 0)
    json["device_memory_bytes"] = solution.schedule.device_memory_bytes;
  if (solution.schedule.cloud_memory_bytes > 0)
    json["cloud_memory_bytes"] = solution.schedule.cloud_memory_bytes;
  if (const auto steps = plan::steps_of(planned.problem, solution.schedule.groups)) {
    for (const plan::ScheduleStep& step : *steps)
      json["steps"].push_back(to_json(planned.problem, step));
  }
  return json;
}

Result<PlannedSchedule> plan_schedule(const graph::Model& model, const plan::Problem& problem,
                                      const ScheduleRequest& request) {
  PlannedSchedule planned;
  planned.problem = CLEAVE_TRY(network_problem(model, problem, request));
  planned.solution = CLEAVE_TRY(best_schedule(planned.problem));
  const profile::GroupCosts device(problem.device);
  const profile::GroupCosts cloud(problem.cloud);
  const int layers = static_cast<int>(model.layers().size());
  count(device, planned.problem.device, layers, planned);
  count(cloud, planned.problem.cloud, layers, planned);
  for (const plan::ScheduledGroup& g : planned.solution.schedule.groups) {
    const bool on_device = g.side == plan::Side::kDevice;
    auto& estimated = on_device ? planned.estimated_on_device : planned.estimated_in_cloud;
    for (const Range& part : parts_of(g, layers)) {
      if (!(on_device ? device : cloud).measured(part.first, part.second))
        add_once(estimated, part);
    }
  }
  return planned;
}

Result<PlannedSchedule> refine_schedule(const graph::Model& model, engine::Engine& engine,
                                        plan::Problem& problem, const ScheduleRequest& request,
                                        profile::MeasureOptions options, Clock& clock) {
  Remeasurer remeasurer =
      CLEAVE_TRY(Remeasurer::create(model, engine, problem, std::move(options), clock));
  for (;;) {
    PlannedSchedule planned = CLEAVE_TRY(plan_schedule(model, problem, request));
    if (planned.measured_through() || remeasurer.is_over()) return planned;
    CLEAVE_CHECK(remeasurer.measure(planned.estimated_on_device, planned.estimated_in_cloud));
  }
}

Result<bool> confirm_best_splits(const graph::Model& model, engine::Engine& engine,
                                 plan::Problem& problem, std::span<const Link> links,
                                 profile::MeasureOptions options, Clock& clock) {
  Remeasurer remeasurer =
      CLEAVE_TRY(Remeasurer::create(model, engine, problem, std::move(options), clock));
  const int layers = static_cast<int>(model.layers().size());
  std::set<int> confirmed;
  while (!remeasurer.is_over()) {
    std::vector<Range> heads;
    std::vector<Range> tails;
    for (const Link& link : links) {
      plan::Problem over_link = problem;
      over_link.link = link;
      const auto ranking = CLEAVE_TRY(plan::rank_cuts(over_link, plan::Objective::kLatency));
      const auto best =
          std::ranges::find(ranking, plan::Strategy::kSplit, &plan::Candidate::strategy);
      if (best == ranking.end()) continue;
      const int cut = static_cast<int>(best->cut);
      if (!confirmed.insert(cut).second) continue;
      heads.emplace_back(1, cut);
      tails.emplace_back(cut + 1, layers);
    }
    if (heads.empty()) return true;
    CLEAVE_CHECK(remeasurer.measure(heads, tails));
  }
  return false;
}

}  // namespace cleave::study
