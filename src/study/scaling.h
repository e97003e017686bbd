#pragma once

#include "plan/cost_model.h"

namespace cleave::study {

/// The link's rates, both, times a factor.
void scale_link(plan::Problem& problem, double factor);

/// Everything that the server computes takes `factor` times as long: the load that others put on
/// it.
void load_server(plan::Problem& problem, double factor);

}  // namespace cleave::study
