#pragma once

#include "codec/codec.h"

namespace cleave::codec {

/// Was this built with H.264 and H.265? A fault of theirs is no reason to skip a test.
inline bool has_video() {
  const auto codec = Codec::create("tile|h264");
  return codec || codec.error().code != ErrorCode::kUnsupported;
}

}  // namespace cleave::codec
