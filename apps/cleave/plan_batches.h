#pragma once

#include <string>
#include <vector>

#include "plan_args.h"
#include "study/network_problem.h"

namespace cleave::app {

/// Batches beside that of one input, each "N@DEVICE@CLOUD" with profiles of the network at it.
struct BatchArgs {
  std::vector<std::string> batches;
  bool json = false;
};

/// Plans a network for one input and for each batch, and prints what an input then costs. Limits
/// are of the whole batch.
Result<int> plan_batches(const ModelArgs& model, const BatchArgs& args, const PlanArgs& plan,
                         const SampleArgs& samples, const study::ScheduleRequest& request);

}  // namespace cleave::app
