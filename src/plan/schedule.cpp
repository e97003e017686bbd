#include "plan/schedule.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.problem";

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidArgument, kPlace, std::move(message));
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

bool is_cost(double value) { return std::isfinite(value) && value >= 0; }

std::string group_text(std::string_view list, int first, int last) {
  return std::string(list) + " group [" + std::to_string(first) + "," + std::to_string(last) + "]";
}

/// Groups by their first layer, then a mark at each last layer: a set of a million is slow.
Result<void> check_unique(const std::vector<Group>& groups, int layers, std::string_view list) {
  std::vector<std::vector<int>> lasts(static_cast<std::size_t>(layers) + 1);
  for (const Group& g : groups) lasts[static_cast<std::size_t>(g.first)].push_back(g.last);
  std::vector<int> seen(static_cast<std::size_t>(layers) + 1, 0);
  for (int first = 1; first <= layers; ++first) {
    for (const int last : lasts[static_cast<std::size_t>(first)]) {
      if (std::exchange(seen[static_cast<std::size_t>(last)], first) == first)
        return wrong(group_text(list, first, last) + " is listed twice, expected once");
    }
  }
  return {};
}

Result<void> check_transfers(const std::vector<Spent>& list, int layers, std::string_view name) {
  if (list.size() != static_cast<std::size_t>(layers) + 1) {
    return wrong(std::string(name) + " has " + std::to_string(list.size()) + " entries, expected " +
                 std::to_string(layers + 1) +
                 ": one for each layer's input and one for the output");
  }
  for (std::size_t k = 0; k < list.size(); ++k)
    CLEAVE_CHECK(check_cost(list[k], std::string(name) + " entry " + std::to_string(k)));
  return {};
}

Result<void> check_limit(const std::optional<double>& limit, std::string_view name) {
  if (!limit || is_cost(*limit)) return {};
  return wrong(std::string(name) + " is " + number(*limit) +
               ", expected a finite number of 0 or more");
}

bool holds(double sum, const std::optional<double>& limit) {
  return !limit || sum <= *limit * (1 + kLimitSlack);
}

void add(Schedule& schedule, const Spent& cost) {
  schedule.latency_ms += cost.ms;
  schedule.energy_mj += cost.mj;
}

}  // namespace

Result<void> check_cost(const Spent& cost, const std::string& what) {
  if (is_cost(cost.ms) && is_cost(cost.mj)) return {};
  const double found = is_cost(cost.ms) ? cost.mj : cost.ms;
  return wrong(what + " costs " + number(found) + ", expected a finite number of 0 or more");
}

Result<void> check_groups(const std::vector<Group>& groups, int layers, std::string_view list) {
  for (const Group& g : groups) {
    if (g.first < 1 || g.last < g.first || g.last > layers) {
      return wrong(group_text(list, g.first, g.last) +
                   ", expected 1 <= first <= last <= " + std::to_string(layers));
    }
    if (!is_cost(g.cost.ms) || !is_cost(g.cost.mj))
      return check_cost(g.cost, group_text(list, g.first, g.last));
    if (!is_cost(g.memory_bytes)) {
      return wrong(group_text(list, g.first, g.last) + " takes " + number(g.memory_bytes) +
                   " bytes of memory, expected a finite number of 0 or more");
    }
  }
  return check_unique(groups, layers, list);
}

Result<void> check(const Limits& limits) {
  CLEAVE_CHECK(check_limit(limits.deadline_ms, "deadline_ms"));
  CLEAVE_CHECK(check_limit(limits.battery_mj, "battery_mj"));
  CLEAVE_CHECK(check_limit(limits.cloud_ms, "cloud_ms"));
  CLEAVE_CHECK(check_limit(limits.device_memory_bytes, "device_memory_bytes"));
  return check_limit(limits.cloud_memory_bytes, "cloud_memory_bytes");
}

std::string_view side_name(Side side) { return side == Side::kDevice ? "device" : "cloud"; }

Result<void> check(const ScheduleProblem& problem) {
  if (problem.objective == Objective::kBytes)
    return wrong("the objective is bytes, expected latency or energy: a chain knows no bytes");
  if (problem.limits.device_memory_bytes || problem.limits.cloud_memory_bytes)
    return wrong("memory is limited, expected no such limit: a chain knows no memory");
  if (problem.layers < 1 || problem.layers > kMaxLayers) {
    return wrong(std::to_string(problem.layers) + " layers, expected 1 to " +
                 std::to_string(kMaxLayers));
  }
  CLEAVE_CHECK(check_transfers(problem.upload, problem.layers, "upload"));
  CLEAVE_CHECK(check_transfers(problem.download, problem.layers, "download"));
  CLEAVE_CHECK(check_groups(problem.device, problem.layers, "device"));
  CLEAVE_CHECK(check_groups(problem.cloud, problem.layers, "cloud"));
  return check(problem.limits);
}

std::vector<ScheduledGroup> stretches_of(const std::vector<ScheduledGroup>& groups) {
  std::vector<ScheduledGroup> stretches;
  for (const ScheduledGroup& g : groups) {
    if (!stretches.empty() && stretches.back().side == g.side) {
      stretches.back().last = g.last;
    } else {
      stretches.push_back(g);
    }
  }
  return stretches;
}

Result<std::vector<Group>> find_groups(const std::vector<Group>& device,
                                       const std::vector<Group>& cloud, int layers,
                                       const std::vector<ScheduledGroup>& groups) {
  std::vector<Group> found;
  int done = 0;
  for (const ScheduledGroup& g : groups) {
    const auto& list = g.side == Side::kDevice ? device : cloud;
    const auto it = std::ranges::find_if(
        list, [&](const Group& one) { return one.first == g.first && one.last == g.last; });
    if (g.first != done + 1 || it == list.end()) {
      return wrong("the schedule has " + group_text(side_name(g.side), g.first, g.last) +
                   ", expected a listed group from layer " + std::to_string(done + 1) + " on");
    }
    found.push_back(*it);
    done = g.last;
  }
  if (done == layers) return found;
  return wrong("the schedule ends after layer " + std::to_string(done) + ", expected " +
               std::to_string(layers));
}

Result<Schedule> evaluate(const ScheduleProblem& problem, std::vector<ScheduledGroup> groups) {
  const std::vector<Group> listed =
      CLEAVE_TRY(find_groups(problem.device, problem.cloud, problem.layers, groups));
  Schedule schedule;
  Side side = Side::kDevice;
  const auto cross = [&](int boundary, Side to) {
    if (to != side) {
      const auto& transfers = to == Side::kCloud ? problem.upload : problem.download;
      add(schedule, transfers[static_cast<std::size_t>(boundary)]);
    }
    side = to;
  };
  for (std::size_t i = 0; i < groups.size(); ++i) {
    cross(listed[i].first - 1, groups[i].side);
    add(schedule, listed[i].cost);
    add(schedule, listed[i].update.cost);
    if (side == Side::kCloud) schedule.cloud_ms += listed[i].cost.ms;
  }
  cross(problem.layers, Side::kDevice);
  schedule.groups = std::move(groups);
  return schedule;
}

double objective_of(const Schedule& schedule, Objective objective) {
  switch (objective) {
    case Objective::kLatency:
      return schedule.latency_ms;
    case Objective::kEnergy:
      return schedule.energy_mj;
    case Objective::kBytes:
      return schedule.bytes;
  }
  return schedule.latency_ms;
}

bool within(const Schedule& schedule, const Limits& limits) {
  return holds(schedule.latency_ms, limits.deadline_ms) &&
         holds(schedule.energy_mj, limits.battery_mj) &&
         holds(schedule.cloud_ms, limits.cloud_ms) && fits_memory(schedule, limits);
}

bool fits_memory(const Schedule& schedule, const Limits& limits) {
  return holds(schedule.device_memory_bytes, limits.device_memory_bytes) &&
         holds(schedule.cloud_memory_bytes, limits.cloud_memory_bytes);
}

}  // namespace cleave::plan
