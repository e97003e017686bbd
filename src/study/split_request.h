#pragma once

#include "bundle/writer.h"
#include "plan/cost_model.h"

namespace cleave::study {

/// Puts what the plan knows of the request's cuts into the request, so that a client can plan again
/// when its link changes. Cuts without costs leave the request without any.
void add_costs(const plan::Problem& problem, bundle::WriteRequest& request);

}  // namespace cleave::study
