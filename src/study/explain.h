#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/model.h"
#include "plan/cost_model.h"
#include "study/network_problem.h"

namespace cleave::study {

/// The name of a layer, counted from 1; beyond the last, of the layers that training mirrors.
std::string layer_name(const graph::Model& model, int layer);

/// A schedule in a few words: "device-only", "cloud-only", "split after fire5/concat", else its
/// stretches: "device to conv1, cloud to conv7, device to the end".
std::string describe(const graph::Model& model, const std::vector<plan::ScheduledGroup>& groups);

/// Where, along one figure of the problem, another schedule becomes the best.
struct Turn {
  double at = 0;         ///< of that figure
  std::string schedule;  ///< the best one beyond
};

/// How far a choice holds: the turns below and above the figure as it is, where there are any
/// within a factor of 64. They are looked for in strides of 1.5; a change back within one is passed
/// over.
struct Sensitivity {
  std::string figure;  ///< "the round trip"
  std::string unit;
  double now = 0;
  std::optional<Turn> below;
  std::optional<Turn> above;
};

/// What would change the choice: the link's rates (both by one factor), its round trip, and the
/// load of the server (a factor on its times). Solves the problem some 40 times for each.
Result<std::vector<Sensitivity>> sensitivities(const graph::Model& model,
                                               const plan::Problem& problem,
                                               const ScheduleRequest& request);

/// Why the best schedule wins and what would change that, in sentences, one a line.
Result<std::string> explain(const graph::Model& model, const plan::Problem& problem,
                            const ScheduleRequest& request);

}  // namespace cleave::study
