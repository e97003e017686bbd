#include "plan/brute_force.h"

#include <algorithm>
#include <map>

namespace cleave::plan {
namespace {

constexpr int kMostLayers = 12;

/// Written apart from the other solvers' graph, on the problem's own words.
class Enumeration {
 public:
  explicit Enumeration(const ScheduleProblem& problem) : problem_(problem) {
    for (const Group& g : problem.device) groups_[g.first].push_back({g, Side::kDevice});
    for (const Group& g : problem.cloud) groups_[g.first].push_back({g, Side::kCloud});
  }

  Solution run() {
    extend({}, 1, Side::kDevice);
    return std::move(best_);
  }

 private:
  void cross(Schedule& schedule, int next_layer, Side to) const {
    const auto& list = to == Side::kCloud ? problem_.upload : problem_.download;
    const Spent& cost = list[static_cast<std::size_t>(next_layer) - 1];
    schedule.latency_ms += cost.ms;
    schedule.energy_mj += cost.mj;
  }

  void extend(const Schedule& begun, int next_layer, Side side) {
    if (next_layer > problem_.layers) return finish(begun, next_layer, side);
    const auto here = groups_.find(next_layer);
    if (here == groups_.end()) return;
    for (const auto& [group, where] : here->second) {
      Schedule longer = begun;
      if (where != side) cross(longer, next_layer, where);
      longer.latency_ms += group.cost.ms;
      longer.energy_mj += group.cost.mj;
      if (where == Side::kCloud) longer.cloud_ms += group.cost.ms;
      longer.groups.push_back({group.first, group.last, where});
      extend(longer, group.last + 1, where);
    }
  }

  void finish(Schedule schedule, int next_layer, Side side) {
    if (side == Side::kCloud) cross(schedule, next_layer, Side::kDevice);
    if (!within(schedule, problem_.limits)) return;
    const double cost = objective_of(schedule, problem_.objective);
    if (best_.status == Status::kOptimal && best_.lower_bound <= cost) return;
    best_ = {Status::kOptimal, std::move(schedule), cost};
  }

  struct Placed {
    Group group;
    Side side;
  };
  const ScheduleProblem& problem_;
  std::map<int, std::vector<Placed>> groups_;
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
