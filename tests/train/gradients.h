#pragma once

// Gradients against finite differences, in doubles.
#include <ATen/ATen.h>

#include <vector>

#include "train/onnx_module.h"

namespace cleave::train {

enum class GradientVerdict {
  kAgrees,
  kDiffers,
  kKink,  ///< the slopes to both sides are not alike: no derivative there
  kNone,  ///< nothing to differentiate, or an output that is not finite, too large for
          ///< differences, or changes its shape
};

struct GradientCheck {
  GradientVerdict verdict = GradientVerdict::kNone;
  double found = 0;     ///< by back-propagation
  double expected = 0;  ///< by differences
};

/// The derivative of a random sum of the outputs along a random direction of inputs and parameters,
/// of which floating ones are made doubles.
Result<GradientCheck> check_gradient(OnnxModule& module, std::vector<at::Tensor> inputs, int seed,
                                     double step, double tolerance);

}  // namespace cleave::train
