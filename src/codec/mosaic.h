#pragma once

#include <cstddef>
#include <cstdint>

#include "base/tensor.h"

namespace cleave::codec {

/// How the planes (height × width) of a tensor lie side by side in one picture: row by row,
/// `columns` to a row, the last row filled up with zeros.
struct Mosaic {
  std::int64_t planes = 1;
  std::int64_t plane_height = 1;
  std::int64_t plane_width = 1;
  std::int64_t columns = 1;
  std::int64_t rows = 1;

  std::int64_t height() const { return rows * plane_height; }
  std::int64_t width() const { return columns * plane_width; }
};

/// Longest side of a plane that is kept as a plane; longer ones are folded.
inline constexpr std::int64_t kMaxPlaneSide = 16384;

/// The arrangement of a shape with elements, always the same for the same shape. A plane is what
/// the last two dimensions span, a row where there is one dimension; where a side is 1 (nothing to
/// see in two dimensions) or over kMaxPlaneSide, every element is a plane of its own. As many
/// columns as bring the picture closest to a square from the wide side, but no more than planes.
Mosaic mosaic_for(const Shape& shape);

}  // namespace cleave::codec
