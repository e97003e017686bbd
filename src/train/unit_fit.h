#pragma once

// Where a unit begins to learn. Private to the module.
#include "graph/model.h"
#include "train/onnx_module.h"
#include "train/pictures.h"
#include "train/units.h"

namespace cleave::train {

/// Gives a unit in `module`, which is `model`, the network of insert_unit(), weights that restore
/// much of the cut's value without training, from what the value is for some pictures: the
/// reduction averages pixels and projects on the principal components, the restoration is their
/// least squares, with pixels in between interpolated. Norms change nothing for these pictures, in
/// training as in evaluation, and where a value may be negative they lift it over most of what a
/// ReLU would cut off. Weights have the size of drawn ones: behind them are norms, so that their
/// size is nothing but how fast they learn. Deterministic. The module has to be in evaluation mode;
/// a transform of the cut's value is taken off.
Result<void> fit_unit(const graph::Model& model, const UnitNetwork& unit,
                      const PictureStore& pictures, OnnxModule& module);

}  // namespace cleave::train
