#pragma once

#include <optional>
#include <vector>

#include "plan/schedule.h"

namespace cleave::plan {

/// A chain of layers over tiers in a line: the device, servers at the edge, the cloud (thesis
/// chapter 7). Each stretch of layers runs as one group on one tier; the input starts on tier 0,
/// the device, and the answer has to end there.
struct TierProblem {
  int layers = 0;
  std::vector<std::vector<Group>> tiers;  ///< groups of each tier; energy is the device's
  /// send[from][to][k]: what it costs to bring what lies at boundary k, behind layer k, from one
  /// tier to another, however many hops that is; nothing where it cannot be sent.
  std::vector<std::vector<std::vector<std::optional<Transfer>>>> send;
  Objective objective = Objective::kLatency;
};

/// Layers `first` to `last`, counted from 1, on a tier.
struct TierGroup {
  int first = 1;
  int last = 1;
  std::size_t tier = 0;
  bool operator==(const TierGroup&) const = default;
};

struct TierSchedule {
  std::vector<TierGroup> groups;  ///< in running order; empty: there is no schedule
  double latency_ms = 0;
  double energy_mj = 0;
  double bytes = 0;  ///< of every sending, once
};

/// Sums a schedule up; fails with kInvalidArgument when a group is not listed, the layers are not
/// covered in order, two neighbours are on one tier, or something cannot be sent.
Result<TierSchedule> evaluate(const TierProblem& problem, std::vector<TierGroup> groups);

/// The best schedule. Solver: shortest path over boundaries and tiers. Optimality: exact. Cost:
/// O(groups + layers · tiers²). Deterministic. Errors: kInvalidArgument when the problem breaks
/// what its comments say.
Result<TierSchedule> solve(const TierProblem& problem);

}  // namespace cleave::plan
