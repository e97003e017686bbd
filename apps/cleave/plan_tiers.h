#pragma once

#include <string>
#include <vector>

#include "plan_args.h"

namespace cleave::app {

/// The machines behind the device, each "LINK@PROFILE", and what is wanted of the plan.
struct TierArgs {
  std::vector<std::string> tiers;
  std::string objective;
  bool json = false;
};

/// Plans a network over a line of machines, and prints the schedule.
Result<int> plan_tiers(const LoadedModel& loaded, const TierArgs& args, const PlanArgs& plan,
                       const SampleArgs& samples);

}  // namespace cleave::app
