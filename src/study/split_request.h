#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "bundle/writer.h"
#include "plan/cost_model.h"

namespace cleave::study {

/// Puts what the plan knows of the request's cuts into the request, so that a client can plan again
/// when its link changes. Cuts without costs leave the request without any.
void add_costs(const plan::Problem& problem, bundle::WriteRequest& request);

/// What the plan knows of the whole network. The problem has to say what sending the input costs.
bundle::WholeCosts whole_costs(const plan::Problem& problem);

/// What a plan says of a bundle.
struct PlannedSplit {
  std::string cut;    ///< by number
  bool best = true;   ///< the schedule is this split; else it is the best split beside it
  std::string codec;  ///< of the values that are not calibrated
  std::vector<codec::CalibratedValue> calibrated;
};

/// Reads a "cleave-plan/1" of this network, docs/formats/plan.md. Errors: kNotThisFormat;
/// kInvalidArgument for a plan of another network or of training; kNotFound for one without a
/// split; kCorrupt.
Result<PlannedSplit> split_of_plan(const Json& plan, const graph::Model& model);

}  // namespace cleave::study
