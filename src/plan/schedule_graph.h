#pragma once

// The JointDNN graph (thesis figure 2.6) in the form that the solvers share. Private to the module.
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "plan/solver.h"

namespace cleave::plan {

/// What a step spends: latency in ms, energy in mJ, cloud time in ms.
using Costs = std::array<double, 3>;
inline constexpr std::size_t kLatency = 0;
inline constexpr std::size_t kEnergy = 1;
inline constexpr std::size_t kCloud = 2;

inline Costs operator+(const Costs& a, const Costs& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}
inline double dot(const Costs& a, const Costs& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

inline std::size_t index(Side side) { return static_cast<std::size_t>(side); }

/// What running a group spends, its update included.
inline Costs costs_of(const Group& group, Side side) {
  const Spent& update = group.update.cost;
  return {group.cost.ms + update.ms, group.cost.mj + update.mj,
          side == Side::kCloud ? group.cost.ms : 0};
}

/// The figure's graph has a node for every group of layers and side. Which group came before does
/// not matter to what follows, only where its output lies: all nodes that end at a boundary on one
/// side fall together into one state, and two states a boundary are left. Boundary k lies behind
/// layer k; a group is a step from boundary to boundary on its side, and a transfer changes the
/// side at a boundary, at most once there.
class ScheduleGraph {
 public:
  /// The problem must outlive the graph. O(groups + layers).
  explicit ScheduleGraph(const ScheduleProblem& problem);
  ScheduleGraph(const ScheduleGraph&) = delete;
  ScheduleGraph& operator=(const ScheduleGraph&) = delete;

  int layers() const { return layers_; }
  /// The groups that begin behind a boundary.
  std::span<const Group> steps(int boundary, Side side) const {
    const auto& begin = begin_[index(side)];
    const auto k = static_cast<std::size_t>(boundary);
    return groups_[index(side)].subspan(begin[k], begin[k + 1] - begin[k]);
  }
  /// What it costs to bring the value at a boundary to a side from the other one.
  const Costs& transfer(int boundary, Side to) const {
    return transfer_[index(to)][static_cast<std::size_t>(boundary)];
  }

  /// Which of the costs is minimised, and the limits of those that have one, their slack included.
  std::size_t objective() const { return objective_; }
  const std::array<std::optional<double>, 3>& limits() const { return limits_; }
  bool limited() const { return limits_[0] || limits_[1] || limits_[2]; }
  bool holds(const Costs& costs) const;

 private:
  void add_groups(const std::vector<Group>& groups, Side side);

  int layers_;
  std::size_t objective_;
  std::array<std::optional<double>, 3> limits_;
  std::array<std::span<const Group>, 2> groups_;   // by boundary
  std::array<std::vector<std::size_t>, 2> begin_;  // of each boundary's groups
  std::array<std::vector<Group>, 2> sorted_;       // where the problem's list is not
  std::array<std::vector<Costs>, 2> transfer_;
};

inline constexpr double kUnreachable = std::numeric_limits<double>::infinity();

/// A way from the start to the end, and what it spends.
struct Way {
  std::vector<ScheduledGroup> groups;
  Costs costs{};
};

/// A way that is known to be the best.
Solution optimal(Way way, Objective objective);
Schedule schedule_of(Way way);

/// What the cheapest way from each state to the end costs, weighted: the value lies at the boundary
/// on the side and may still be sent. kUnreachable where no way leads on.
class WaysToGo {
 public:
  /// O(groups + layers).
  WaysToGo(const ScheduleGraph& graph, const Costs& weights);

  double at(int boundary, Side side) const {
    return to_go_[static_cast<std::size_t>(boundary)][index(side)];
  }
  bool reaches() const { return at(0, Side::kDevice) < kUnreachable; }

  /// The cheapest way. Only where reaches().
  Way cheapest() const;

 private:
  struct Choice {
    bool cross = false;           // send the value first
    const Group* step = nullptr;  // then run this
  };

  const ScheduleGraph& graph_;
  std::vector<std::array<double, 2>> to_go_;
  std::vector<std::array<Choice, 2>> choices_;
};

}  // namespace cleave::plan
