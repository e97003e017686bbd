#pragma once

#include <vector>

#include "plan/network_problem.h"

namespace cleave::plan {

/// What training adds to inference, for one step of online training.
struct TrainingOptions {
  /// What the backward pass of a group costs over its forward pass. 2 is the usual count: one
  /// product for the gradient of the input, one for that of the weights.
  double backward_over_forward = 2;
  /// Downloading the weights of each layer that are updated in one step, by layer: of the share of
  /// them that changes.
  std::vector<Transfer> weights;
};

/// One step of online training as a network of 2N layers (thesis 2.2.2 and 2.2.3.3): the forward
/// pass, then its mirror, in which layer 2N + 1 - i makes the gradients of layer i.
///
/// - A gradient is as large as its value. It is made by the mirror of the value's last reader and
///   read by those of the others and of its maker; sending it costs what sending the value does.
/// - A group of the mirror that runs in the cloud sends every weight of its layers that it updates
///   to the device, in an answer of its own; what the device updates is not sent up, since the
///   cloud is taken to compute the whole backward pass for itself as well (thesis 2.2.2). That work
///   of the cloud is not counted.
/// - Forward activations are taken to lie where the backward pass wants them, as in the thesis.
///
/// Requires one entry of `weights` for each layer and a factor that is finite and not negative,
/// else kInvalidArgument.
Result<NetworkProblem> training_problem(const NetworkProblem& inference,
                                        const TrainingOptions& options);

}  // namespace cleave::plan
