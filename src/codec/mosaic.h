#pragma once

#include <cstddef>
#include <cstdint>

#include "base/tensor.h"

namespace cleave::codec {

/// What may be chosen about a mosaic.
struct MosaicStyle {
  /// Columns and rows are powers of two; else as near a square as whole columns allow.
  bool powers_of_two = false;
  /// Both sides are multiples of this.
  std::int64_t pad = 1;
};

/// How the planes (height × width) of a tensor lie side by side in one picture: row by row,
/// `columns` to a row, places left over filled with zeros. What `pad` adds at the right and at the
/// bottom repeats the last column and the last row.
struct Mosaic {
  std::int64_t planes = 1;
  /// Planes in a row of the tensor that may change places: its channels, or 1 where there are none.
  std::int64_t channels = 1;
  std::int64_t plane_height = 1;
  std::int64_t plane_width = 1;
  std::int64_t columns = 1;
  std::int64_t rows = 1;
  std::int64_t pad = 1;

  std::int64_t tiled_height() const { return rows * plane_height; }
  std::int64_t tiled_width() const { return columns * plane_width; }
  std::int64_t height() const { return (tiled_height() + pad - 1) / pad * pad; }
  std::int64_t width() const { return (tiled_width() + pad - 1) / pad * pad; }
};

/// Longest side of a plane that is kept as a plane; longer ones are folded.
inline constexpr std::int64_t kMaxPlaneSide = 16384;

/// The arrangement of a shape with elements, always the same for the same shape and style. A plane
/// is what the last two dimensions span, a row where there is one dimension; where a side is 1
/// (nothing to see in two dimensions) or over kMaxPlaneSide, every element is a plane of its own.
/// Near a square, there are as many columns as bring the picture closest to one from the wide side,
/// but no more than planes.
Mosaic mosaic_for(const Shape& shape, const MosaicStyle& style = {});

}  // namespace cleave::codec
