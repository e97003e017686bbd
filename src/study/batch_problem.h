#pragma once

#include "graph/model.h"
#include "plan/cost_model.h"

namespace cleave::study {

/// The problem of a batch out of that of one input. `batched` is the network at
/// graph::batch_shapes(), and `device` and `cloud` are profiles of it; what is coded, sent and
/// answered is `batch` times as much as for one, and takes `batch` times as long to code. Fails
/// with kInvalidArgument when a profile is of another network or batch.
Result<plan::Problem> batch_problem(const plan::Problem& one, const graph::Model& batched,
                                    profile::Profile device, profile::Profile cloud, int batch);

}  // namespace cleave::study
