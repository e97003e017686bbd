#pragma once

#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/cost_model.h"
#include "study/samples.h"

namespace cleave::study {

/// What the planner is asked about.
struct ProblemRequest {
  profile::Profile device;
  profile::Profile cloud;
  Link link;
  plan::EnergyModel energy;
  std::string codec;
  int jpeg_quality = 85;  ///< of the picture that cloud-only sends, where inputs are pictures
};

/// Joins the profiles with what the codec costs at each cut on the samples, and what sending the
/// input costs: as JPEG where the samples are pictures, else plain.
Result<plan::Problem> make_problem(const graph::Model& model, engine::Engine& engine,
                                   const ProblemRequest& request, const Samples& samples,
                                   Clock& clock);

}  // namespace cleave::study
