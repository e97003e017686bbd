#pragma once

// Where a unit begins to learn. Private to the module.
#include "train/onnx_module.h"
#include "train/pictures.h"
#include "train/units.h"

namespace cleave::train {

/// Gives a unit that insert_unit() put into `module` weights under which it restores as much of the
/// cut's value as a linear map can, from what the value is for some of the pictures: the reduction
/// averages pixels and projects on the principal components, the restoration is their least squares
/// with pixels in between interpolated. Norms are set so that they change nothing in training or in
/// evaluation, and so that ReLUs cut off little. A unit that is drawn at random needs epochs to get
/// as far. Deterministic.
Result<void> fit_unit(const UnitNetwork& unit, const PictureStore& pictures, OnnxModule& module);

}  // namespace cleave::train
