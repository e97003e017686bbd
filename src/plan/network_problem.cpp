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
  CLEAVE_CHECK(check_transfer(value.upload, "the upload of " + what));
  CLEAVE_CHECK(check_transfer(value.download, "the download of " + what));
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

/// A schedule in the making: what was spent, and on which side each value lies.
class Tally {
 public:
  explicit Tally(const NetworkProblem& problem) : problem_(problem) {
    for (const SentValue& v : problem.values) lies_.push_back({v.made_by == 0, false});
  }

  void run(const Group& group, Side side) {
    bring(group.first, group.last, side);
    add(group.cost);
    if (side == Side::kCloud) sums_.cloud_ms += group.cost.ms;
    for (std::size_t v = 0; v < lies_.size(); ++v) {
      const int maker = problem_.values[v].made_by;
      if (maker >= group.first && maker <= group.last) lies_[v][index(side)] = true;
    }
  }

  Schedule finish() {
    bring(problem_.layers + 1, problem_.layers + 1, Side::kDevice);
    return sums_;
  }

 private:
  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }

  void add(const Spent& cost) {
    sums_.latency_ms += cost.ms;
    sums_.energy_mj += cost.mj;
  }
  void add(const Transfer& transfer) {
    add(transfer.cost);
    sums_.bytes += transfer.bytes;
  }

  /// Sends what readers `first` to `last` lack.
  void bring(int first, int last, Side side) {
    const bool up = side == Side::kCloud;
    bool any = false;
    for (std::size_t v = 0; v < lies_.size(); ++v) {
      const SentValue& value = problem_.values[v];
      const bool read = std::ranges::any_of(
          value.readers, [&](int reader) { return reader >= first && reader <= last; });
      if (!read || value.made_by >= first || lies_[v][index(side)]) continue;
      lies_[v][index(side)] = true;
      add(up ? value.upload : value.download);
      any = true;
    }
    if (any) add(up ? problem_.request_up : problem_.request_down);
  }

  const NetworkProblem& problem_;
  std::vector<std::array<bool, 2>> lies_;  // by value and side
  Schedule sums_;
};

}  // namespace

Result<void> check(const NetworkProblem& problem) {
  if (problem.layers < 1 || problem.layers > kMaxLayers) {
    return wrong(std::to_string(problem.layers) + " layers, expected 1 to " +
                 std::to_string(kMaxLayers));
  }
  CLEAVE_CHECK(check_groups(problem.device, problem.layers, "device"));
  CLEAVE_CHECK(check_groups(problem.cloud, problem.layers, "cloud"));
  for (std::size_t v = 0; v < problem.values.size(); ++v)
    CLEAVE_CHECK(check_value(problem.values[v], problem.layers, "value " + std::to_string(v)));
  CLEAVE_CHECK(check_transfer(problem.request_up, "a request up"));
  CLEAVE_CHECK(check_transfer(problem.request_down, "a request down"));
  return check(problem.limits);
}

Result<Schedule> evaluate(const NetworkProblem& problem, std::vector<ScheduledGroup> groups) {
  const std::vector<Group> listed =
      CLEAVE_TRY(find_groups(problem.device, problem.cloud, problem.layers, groups));
  Tally tally(problem);
  for (std::size_t i = 0; i < groups.size(); ++i) tally.run(listed[i], groups[i].side);
  Schedule schedule = tally.finish();
  schedule.groups = std::move(groups);
  return schedule;
}

}  // namespace cleave::plan
