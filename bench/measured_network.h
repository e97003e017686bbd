#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "networks.h"
#include "plan/cost_model.h"
#include "profile/measure.h"

namespace cleave::bench {

/// The device is one thread of this machine, emulated so many times slower by sleeping; the cloud
/// is all of it.
inline constexpr double kDeviceSlowdown = 8;

/// Time for a network's profiles. What does not fit is interpolated.
struct ProfileBudget {
  double device_s = 0;
  double cloud_s = 0;
};

/// A network, an input of seeded noise for it, and what it costs here. Values cross as they are
/// (codec `raw`), as in Neurosurgeon and JointDNN.
struct MeasuredNetwork {
  std::string name;
  graph::Model model;
  std::vector<Tensor> inputs;
  plan::Problem problem;  ///< with the first link preset; callers set their own

  /// For profile::add_groups() and study::refine_schedule() on these profiles.
  profile::MeasureOptions group_options(double budget_s) const;
};

/// Loads the network and measures its heads and tails on both sides, and what sending its values
/// costs. Errors: those of loading, compiling and running it.
Result<MeasuredNetwork> measure_network(const NetworkFile& file, engine::Engine& engine,
                                        const ProfileBudget& budget, Clock& clock);

}  // namespace cleave::bench
