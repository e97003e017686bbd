#pragma once

#include <string>
#include <vector>

#include "graph/model.h"
#include "plan/cost_model.h"
#include "plan/tiers.h"

namespace cleave::study {

/// A machine beyond the device, and the link to it from the tier before.
struct Tier {
  std::string name;
  Link link;
  profile::Profile profile;
};

/// A network over the device of `problem` and the tiers behind it, in the order of the line.
///
/// What is sent outward is coded once where it leaves and decoded once where it is read; what comes
/// back is plain. A sending carries every value of its cut: where skips cross, that is an upper
/// bound. Energy is the device's: its own layers, encoding, and the radio of the first link, its
/// tail once for each answer. Fails with kInvalidArgument when a profile is of another network than
/// the device's.
Result<plan::TierProblem> tier_problem(const graph::Model& model, const plan::Problem& problem,
                                       const std::vector<Tier>& tiers, plan::Objective objective);

}  // namespace cleave::study
