#pragma once

#include <optional>
#include <vector>

#include "plan/cost_model.h"
#include "plan/schedule.h"

namespace cleave::plan {

/// Every way to run the network with at most one crossing, best first.
/// Solver: exhaustive over the n + 1 cuts along the order, device-only and cloud-only among them.
/// Optimality: exact for the costs given. Cost: O(n log n). Deterministic: ties go to the smaller
/// cut. Errors: kInvalidArgument when the profiles are of different networks, kNotFound when no cut
/// has all its costs.
Result<std::vector<Candidate>> rank_cuts(const Problem& problem, Objective objective);

/// The number that an objective minimises: ms, mJ, or bytes both ways.
double objective_value(const Candidate& candidate, Objective objective);
bool within(const Candidate& candidate, const Limits& limits);

/// The ways of a ranking that fit the memory limits, in its order.
struct FittingWays {
  std::vector<Candidate> ways;
  std::size_t left_out = 0;
  std::optional<Candidate> nearest;  ///< of those left out the one that lacks the fewest bytes
};
FittingWays fitting_ways(const std::vector<Candidate>& ranking, const Limits& limits);

/// "cleave-plan/1", docs/formats/plan.md: the link, the objective, and the ranking with its terms.
Json to_json(const Candidate& candidate);
Json to_json(const Problem& problem, Objective objective, const std::vector<Candidate>& ranking);

}  // namespace cleave::plan
