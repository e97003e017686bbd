#pragma once

#include <limits>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/picture_codec.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/codec_choices.h"
#include "study/samples.h"

namespace cleave::study {

/// What the planner is asked about.
struct ProblemRequest {
  profile::Profile device;
  profile::Profile cloud;
  Link link;
  plan::EnergyModel energy;
  std::string codec;  ///< empty: set_codec() is to follow
  /// How cloud-only may send the input where inputs are pictures: what is soonest there counts.
  std::vector<data::PictureCodec> pictures{data::PictureCodec()};
};

/// Fails with kInvalidArgument unless both profiles are of this network at these shapes.
Result<void> check_are_of(const profile::Profile& device, const profile::Profile& cloud,
                          const graph::Model& model);

/// Joins the profiles with what the codec costs at each cut on the samples, what sending the input
/// costs, as a picture where the samples are pictures, else plain, and what a request takes by
/// itself.
Result<plan::Problem> make_problem(const graph::Model& model, engine::Engine& engine,
                                   const ProblemRequest& request, const Samples& samples,
                                   Clock& clock);

/// A loss that no codec exceeds.
inline constexpr double kAnyLoss = std::numeric_limits<double>::infinity();

/// Sends values as a codec of a table does, those with more than `max_loss` not at all. Fails with
/// kUnsupported when then no cut is left.
Result<void> set_codec(plan::Problem& problem, const graph::Model& model,
                       const plan::CodecChoice& choice, double max_loss);

/// Sends the values of a table as it says, the others as before.
Result<void> set_values(plan::Problem& problem, const graph::Model& model,
                        const plan::CodecChoice& table);

}  // namespace cleave::study
