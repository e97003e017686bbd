#pragma once

#include "base/tensor.h"
#include "engine/engine.h"

namespace cleave::bundle {

/// Largest |a - b| over the range (max - min) of the expected tensor; for a constant tensor, over
/// its magnitude or 1. Integers and booleans: 0 when equal, infinity when not. Infinity for
/// different shapes or dtypes, and where one side alone is not a number.
double relative_difference(const Tensor& found, const Tensor& expected);

/// The differences that two right computations of one output may show, by dtype and precision.
double tolerance(DType dtype, engine::Precision precision);

}  // namespace cleave::bundle
