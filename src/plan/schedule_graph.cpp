#include "plan/schedule_graph.h"

#include <algorithm>

namespace cleave::plan {
namespace {

constexpr std::array kSides{Side::kDevice, Side::kCloud};

Costs costs_of(const Spent& transfer) { return {transfer.ms, transfer.mj, 0}; }

}  // namespace

ScheduleGraph::ScheduleGraph(const ScheduleProblem& problem)
    : layers_(problem.layers),
      objective_(problem.objective == Objective::kLatency ? kLatency : kEnergy),
      limits_{problem.limits.deadline_ms, problem.limits.battery_mj, problem.limits.cloud_ms} {
  for (auto& limit : limits_)
    if (limit) *limit *= 1 + kLimitSlack;
  add_groups(problem.device, Side::kDevice);
  add_groups(problem.cloud, Side::kCloud);
  for (const Spent& s : problem.download) transfer_[index(Side::kDevice)].push_back(costs_of(s));
  for (const Spent& s : problem.upload) transfer_[index(Side::kCloud)].push_back(costs_of(s));
}

void ScheduleGraph::add_groups(const std::vector<Group>& groups, Side side) {
  auto& begin = begin_[index(side)];
  begin.assign(static_cast<std::size_t>(layers_) + 2, 0);
  for (const Group& g : groups) ++begin[static_cast<std::size_t>(g.first)];
  for (std::size_t k = 1; k < begin.size(); ++k) begin[k] += begin[k - 1];
  // Lists mostly come in order; a million groups are better not copied.
  groups_[index(side)] = groups;
  if (std::ranges::is_sorted(groups, {}, &Group::first)) return;
  auto& sorted = sorted_[index(side)] = groups;
  std::ranges::stable_sort(sorted, {}, &Group::first);
  groups_[index(side)] = sorted;
}

bool ScheduleGraph::holds(const Costs& costs) const {
  for (std::size_t r = 0; r < costs.size(); ++r)
    if (limits_[r] && costs[r] > *limits_[r]) return false;
  return true;
}

Schedule schedule_of(Way way) {
  const Costs& costs = way.costs;
  return {std::move(way.groups), costs[kLatency], costs[kEnergy], costs[kCloud], 0};
}

Solution optimal(Way way, Objective objective) {
  Solution solution{Status::kOptimal, schedule_of(std::move(way)), 0};
  solution.lower_bound = objective_of(solution.schedule, objective);
  return solution;
}

WaysToGo::WaysToGo(const ScheduleGraph& graph, const Costs& weights)
    : graph_(graph),
      to_go_(static_cast<std::size_t>(graph.layers()) + 1),
      choices_(static_cast<std::size_t>(graph.layers()) + 1) {
  for (int k = graph.layers(); k >= 0; --k) {
    const auto b = static_cast<std::size_t>(k);
    std::array<double, 2> stay{kUnreachable, kUnreachable};
    if (k == graph.layers()) stay[index(Side::kDevice)] = 0;
    for (const Side side : kSides) {
      const std::size_t s = index(side);
      for (const Group& step : graph.steps(k, side)) {
        const double cost =
            dot(weights, costs_of(step, side)) + to_go_[static_cast<std::size_t>(step.last)][s];
        if (cost < stay[s]) {
          stay[s] = cost;
          choices_[b][s].step = &step;
        }
      }
    }
    to_go_[b] = stay;
    for (const Side side : kSides) {
      const Side to = other(side);
      const double crossed = dot(weights, graph.transfer(k, to)) + stay[index(to)];
      if (crossed < stay[index(side)]) {
        to_go_[b][index(side)] = crossed;
        choices_[b][index(side)].cross = true;
      }
    }
  }
}

Way WaysToGo::cheapest() const {
  Way way;
  int k = 0;
  Side side = Side::kDevice;
  for (;;) {
    if (choices_[static_cast<std::size_t>(k)][index(side)].cross) {
      side = other(side);
      way.costs = way.costs + graph_.transfer(k, side);
    }
    if (k == graph_.layers()) return way;
    const Group& step = *choices_[static_cast<std::size_t>(k)][index(side)].step;
    way.costs = way.costs + costs_of(step, side);
    way.groups.push_back({k + 1, step.last, side});
    k = step.last;
  }
}

}  // namespace cleave::plan
