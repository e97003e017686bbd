#pragma once

#include "plan/cost_model.h"

namespace cleave::plan {

/// Every cost of a profile times a factor, as if its machine were so much slower.
void scale_costs(profile::Profile& profile, double factor);

/// The link's rates, both, times a factor.
void scale_link(Problem& problem, double factor);

/// Everything that the server computes takes `factor` times as long: the load that others put on
/// it (thesis, Algorithms 2 and 3, whose K_cloud is 0 without load: the factor is 1 + K).
void load_server(Problem& problem, double factor);
/// The same of the device (K_mobile).
void load_device(Problem& problem, double factor);

}  // namespace cleave::plan
