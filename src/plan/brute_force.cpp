#include "plan/brute_force.h"

#include <utility>
#include <vector>

namespace cleave::plan {
namespace {

constexpr int kMostLayers = 12;

/// Written apart from the other solvers' graph, on the problem's own words.
class Enumeration {
 public:
  explicit Enumeration(const ScheduleProblem& problem) : problem_(problem) {
    groups_.resize(static_cast<std::size_t>(problem.layers) + 1);
    for (const Group& g : problem.device)
      groups_[static_cast<std::size_t>(g.first)].push_back({g, Side::kDevice});
    for (const Group& g : problem.cloud)
      groups_[static_cast<std::size_t>(g.first)].push_back({g, Side::kCloud});
  }

  Solution run() {
    extend({}, 1, Side::kDevice);
    return std::move(best_);
  }

 private:
  /// What the groups chosen so far have spent.
  struct Sums {
    double latency_ms = 0;
    double energy_mj = 0;
    double cloud_ms = 0;

    void add(const Spent& cost) {
      latency_ms += cost.ms;
      energy_mj += cost.mj;
    }
  };

  void cross(Sums& sums, int next_layer, Side to) const {
    const auto& list = to == Side::kCloud ? problem_.upload : problem_.download;
    sums.add(list[static_cast<std::size_t>(next_layer) - 1]);
  }

  void extend(const Sums& begun, int next_layer, Side side) {
    if (next_layer > problem_.layers) return finish(begun, next_layer, side);
    for (const auto& [group, where] : groups_[static_cast<std::size_t>(next_layer)]) {
      Sums sums = begun;
      if (where != side) cross(sums, next_layer, where);
      sums.add(group.cost);
      sums.add(group.update.cost);
      if (where == Side::kCloud) sums.cloud_ms += group.cost.ms;
      chosen_.push_back({group.first, group.last, where});
      extend(sums, group.last + 1, where);
      chosen_.pop_back();
    }
  }

  void finish(Sums sums, int next_layer, Side side) {
    if (side == Side::kCloud) cross(sums, next_layer, Side::kDevice);
    const double cost =
        problem_.objective == Objective::kLatency ? sums.latency_ms : sums.energy_mj;
    if (best_.status == Status::kOptimal && best_.lower_bound <= cost) return;
    Schedule schedule{{}, sums.latency_ms, sums.energy_mj, sums.cloud_ms, 0};
    if (!within(schedule, problem_.limits)) return;
    schedule.groups = chosen_;
    best_ = {Status::kOptimal, std::move(schedule), cost};
  }

  struct Placed {
    Group group;
    Side side;
  };
  const ScheduleProblem& problem_;
  std::vector<std::vector<Placed>> groups_;  // by first layer
  std::vector<ScheduledGroup> chosen_;
  Solution best_;
};

}  // namespace

Result<Solution> brute_force(const ScheduleProblem& problem) {
  if (problem.layers > kMostLayers) {
    return fail(ErrorCode::kUnsupported, "plan.brute_force",
                std::to_string(problem.layers) + " layers, expected at most " +
                    std::to_string(kMostLayers));
  }
  return Enumeration(problem).run();
}

}  // namespace cleave::plan
