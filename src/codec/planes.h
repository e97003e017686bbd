#pragma once

#include <cstddef>
#include <cstdint>

#include "base/tensor.h"

namespace cleave::codec {

/// Which axis of a tensor holds its channels.
enum class ChannelAxis : std::uint8_t {
  kBeforePlane,  ///< the third from the end, as in N×C×H×W; the last one where there are two
  kLast,         ///< as in N×H×W×C and in N×tokens×features
};

/// A tensor's elements as images of channels of planes, with the distance in elements from one to
/// the next along each.
struct Planes {
  std::int64_t images = 1;
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t image_stride = 0;
  std::int64_t channel_stride = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;

  std::int64_t pixels() const { return height * width; }
};

/// The view of a shape whose dimensions are all known and at least 1. Every element is in exactly
/// one place. With up to two dimensions every element of a row is a channel of one pixel.
Planes planes_of(const Shape& shape, ChannelAxis axis);

}  // namespace cleave::codec
