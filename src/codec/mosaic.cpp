#include "codec/mosaic.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cleave::codec {
namespace {

/// The least number of columns with columns² · width >= planes · height. The square root may be off
/// by one either way, the integers decide.
std::int64_t square_columns(const Mosaic& mosaic) {
  const std::int64_t area = mosaic.planes * mosaic.plane_height;
  const auto enough = [&](std::int64_t columns) {
    return columns > area / columns / mosaic.plane_width ||
           columns * columns * mosaic.plane_width >= area;
  };
  std::int64_t columns = std::max<std::int64_t>(
      1,
      std::llround(std::sqrt(static_cast<double>(area) / static_cast<double>(mosaic.plane_width))));
  while (columns > 1 && enough(columns - 1)) --columns;
  while (!enough(columns)) ++columns;
  return std::min(columns, mosaic.planes);
}

}  // namespace

Mosaic mosaic_for(const Shape& shape, const MosaicStyle& style) {
  const std::int64_t elements = element_count(shape).value_or(0);
  Mosaic mosaic;
  mosaic.pad = style.pad;
  mosaic.plane_width = shape.empty() ? 1 : shape.back();
  mosaic.plane_height = shape.size() < 2 ? 1 : shape[shape.size() - 2];
  mosaic.channels = shape.size() < 3 ? 1 : shape[shape.size() - 3];
  const auto [shorter, longer] = std::minmax(mosaic.plane_width, mosaic.plane_height);
  if (shorter == 1 || longer > kMaxPlaneSide)
    mosaic.plane_width = mosaic.plane_height = mosaic.channels = 1;
  mosaic.planes = elements / (mosaic.plane_width * mosaic.plane_height);
  if (!style.powers_of_two) {
    mosaic.columns = square_columns(mosaic);
    mosaic.rows = (mosaic.planes + mosaic.columns - 1) / mosaic.columns;
    return mosaic;
  }
  // Thesis 4.2.2: 2^ceil(m/2) by 2^floor(m/2), where 2^m is the number of channels or, which is
  // ours, the next power of two.
  const int m = std::bit_width(static_cast<std::uint64_t>(mosaic.planes - 1));
  mosaic.columns = std::int64_t{1} << (m + 1) / 2;
  mosaic.rows = std::int64_t{1} << m / 2;
  return mosaic;
}

}  // namespace cleave::codec
