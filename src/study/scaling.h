#pragma once

#include "plan/cost_model.h"

namespace cleave::study {

/// Every cost of a profile times a factor, as if its machine were so much slower.
void scale_costs(profile::Profile& profile, double factor);

/// The link's rates, both, times a factor.
void scale_link(plan::Problem& problem, double factor);

/// Everything that the server computes takes `factor` times as long: the load that others put on
/// it.
void load_server(plan::Problem& problem, double factor);

}  // namespace cleave::study
