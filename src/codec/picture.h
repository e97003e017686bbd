#pragma once

#include <optional>
#include <string_view>

#include "codec/stages.h"

namespace cleave::codec {

/// What the codecs of pictures have in common before they can plan: true for a picture with sides
/// up to `max_side`, false for values that tile passed over; an error for anything else.
inline Result<bool> takes_picture(std::string_view stage, const Layout& layout,
                                  std::int64_t max_side) {
  if (layout.kind != Kind::kImage) {
    if (passes_over(layout)) return false;
    return wrong_order(stage, "a picture (tile makes one)", layout);
  }
  if (std::max(layout.shape[0], layout.shape[1]) <= max_side) return true;
  return fail(ErrorCode::kUnsupported, "codec." + std::string(stage),
              "a mosaic of " + shape_text(layout.shape) + ", expected sides up to " +
                  std::to_string(max_side));
}

}  // namespace cleave::codec
