#include "codec/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cleave::codec {

FromCodes grid_for(float low, float high, int top) {
  using Limits = std::numeric_limits<float>;
  const double step =
      std::min((static_cast<double>(high) - low) / top, static_cast<double>(Limits::max()));
  auto scale = static_cast<float>(step);
  if (scale < step) scale = std::nextafter(scale, Limits::infinity());
  const float largest = std::max({std::abs(low), std::abs(high), Limits::denorm_min()});
  scale = std::max(scale, largest - std::nextafter(largest, 0.0f));
  const double zero = std::floor(low / static_cast<double>(scale) + 0.5);
  return {static_cast<std::int32_t>(zero), scale};
}

ToCodes to_codes_of(const FromCodes& grid, int top) {
  return {1.0 / grid.scale, static_cast<double>(grid.zero), static_cast<double>(top)};
}

}  // namespace cleave::codec
