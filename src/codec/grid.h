#pragma once

#include <cstdint>

#include "codec/kernels.h"

namespace cleave::codec {

/// Largest |zero| of a grid, and largest |code + zero| for values in its range: what a float holds
/// exactly.
inline constexpr std::int32_t kMaxGridInteger = 1 << 24;

/// The grid of steps on which the range [low, high] is coded with codes 0 to `top`.
///
/// The step is (high - low) / top rounded up to a float, but no less than the spacing of floats at
/// the range's larger end, where finer steps would hold nothing more; nor more than the largest
/// float (which binds only for one bit and a range wider than that). Zero is a point of every grid,
/// so a value of 0 within the range is exact, and a range of one value is exact. `low` and `high`
/// are finite, low <= high.
FromCodes grid_for(float low, float high, int top);

/// What turns values into codes of that grid.
ToCodes to_codes_of(const FromCodes& grid, int top);

}  // namespace cleave::codec
