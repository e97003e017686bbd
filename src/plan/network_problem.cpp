#include "plan/network_problem.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.network";

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidArgument, kPlace, std::move(message));
}

Result<void> check_transfer(const Transfer& transfer, const std::string& what) {
  CLEAVE_CHECK(check_cost(transfer.cost, what));
  if (std::isfinite(transfer.bytes) && transfer.bytes >= 0) return {};
  return wrong(what + " has " + std::to_string(transfer.bytes) +
               " bytes, expected a finite number of 0 or more");
}

Result<void> check_value(const SentValue& value, int layers, const std::string& what) {
  if (value.upload) CLEAVE_CHECK(check_transfer(*value.upload, "the upload of " + what));
  if (value.upload_untouched)
    CLEAVE_CHECK(check_transfer(*value.upload_untouched, "the upload of " + what));
  if (value.download) CLEAVE_CHECK(check_transfer(*value.download, "the download of " + what));
  int before = value.made_by;
  if (before < 0 || before > layers) {
    return wrong(what + " is made by layer " + std::to_string(before) + ", expected 0 to " +
                 std::to_string(layers));
  }
  for (const int reader : value.readers) {
    if (reader <= before || reader > layers + 1) {
      return wrong(what + " is read by layer " + std::to_string(reader) + ", expected " +
                   std::to_string(before + 1) + " to " + std::to_string(layers + 1));
    }
    before = reader;
  }
  return {};
}

/// A schedule in the making: its steps so far, and on which side each value lies.
class Tally {
 public:
  explicit Tally(const NetworkProblem& problem) : problem_(problem) {
    for (const SentValue& v : problem.values) lies_.push_back({v.made_by == 0, false});
  }

  Result<void> run(const Group& group, Side side) {
    CLEAVE_CHECK(bring(group.first, group.last, side));
    steps_.push_back(
        {side, group.first, group.last, {}, group.cost, group.update, group.memory_bytes});
    for (std::size_t v = 0; v < lies_.size(); ++v) {
      const int maker = problem_.values[v].made_by;
      if (maker >= group.first && maker <= group.last) lies_[v][index(side)] = true;
    }
    return {};
  }

  Result<std::vector<ScheduleStep>> finish() {
    CLEAVE_CHECK(bring(problem_.layers + 1, problem_.layers + 1, Side::kDevice));
    return std::move(steps_);
  }

 private:
  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }

  static void add(Transfer& sum, const Transfer& transfer) {
    sum.cost.ms += transfer.cost.ms;
    sum.cost.mj += transfer.cost.mj;
    sum.bytes += transfer.bytes;
  }

  /// Sends what readers `first` to `last` lack.
  Result<void> bring(int first, int last, Side side) {
    const bool up = side == Side::kCloud;
    ScheduleStep step{side, 0, 0, {}, {}, {}, 0};
    for (std::size_t v = 0; v < lies_.size(); ++v) {
      const SentValue& value = problem_.values[v];
      const bool read = std::ranges::any_of(
          value.readers, [&](int reader) { return reader >= first && reader <= last; });
      if (!read || value.made_by >= first || lies_[v][index(side)]) continue;
      const auto& transfer = sending(value, side, first == 1);
      if (!transfer) {
        return wrong("value " + std::to_string(v) + " cannot be sent to the " +
                     std::string(side_name(side)) + ", where layer " + std::to_string(first) +
                     " or one after it reads it");
      }
      lies_[v][index(side)] = true;
      step.sent.push_back(v);
      add(step.transfer, *transfer);
    }
    if (step.sent.empty()) return {};
    add(step.transfer, up ? problem_.request_up : problem_.request_down);
    steps_.push_back(std::move(step));
    return {};
  }

  const NetworkProblem& problem_;
  std::vector<std::array<bool, 2>> lies_;  // by value and side
  std::vector<ScheduleStep> steps_;
};

}  // namespace

Result<void> check(const NetworkProblem& problem) {
  if (problem.layers < 1 || problem.layers > kMaxLayers) {
    return wrong(std::to_string(problem.layers) + " layers, expected 1 to " +
                 std::to_string(kMaxLayers));
  }
  CLEAVE_CHECK(check_groups(problem.device, problem.layers, "device"));
  CLEAVE_CHECK(check_groups(problem.cloud, problem.layers, "cloud"));
  for (const Group& g : problem.cloud)
    CLEAVE_CHECK(check_transfer(g.update, "the update of a cloud group"));
  for (std::size_t v = 0; v < problem.values.size(); ++v)
    CLEAVE_CHECK(check_value(problem.values[v], problem.layers, "value " + std::to_string(v)));
  CLEAVE_CHECK(check_transfer(problem.request_up, "a request up"));
  CLEAVE_CHECK(check_transfer(problem.request_down, "a request down"));
  return check(problem.limits);
}

Result<std::vector<ScheduleStep>> steps_of(const NetworkProblem& problem,
                                           const std::vector<ScheduledGroup>& groups) {
  const std::vector<Group> listed =
      CLEAVE_TRY(find_groups(problem.device, problem.cloud, problem.layers, groups));
  Tally tally(problem);
  for (std::size_t i = 0; i < groups.size(); ++i)
    CLEAVE_CHECK(tally.run(listed[i], groups[i].side));
  return tally.finish();
}

Result<Schedule> evaluate(const NetworkProblem& problem, std::vector<ScheduledGroup> groups) {
  Schedule schedule;
  const std::vector<ScheduleStep> steps = CLEAVE_TRY(steps_of(problem, groups));
  for (const ScheduleStep& step : steps) {
    schedule.latency_ms += step.cost.ms + step.transfer.cost.ms;
    schedule.energy_mj += step.cost.mj + step.transfer.cost.mj;
    schedule.bytes += step.transfer.bytes;
    const bool cloud = step.side == Side::kCloud;
    if (cloud) schedule.cloud_ms += step.cost.ms;
    (cloud ? schedule.cloud_memory_bytes : schedule.device_memory_bytes) += step.memory_bytes;
  }
  schedule.groups = std::move(groups);
  return schedule;
}

}  // namespace cleave::plan
