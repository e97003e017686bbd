#pragma once

#include <cstdint>

#include "data/image.h"

namespace cleave::data {

/// A part of a picture: `count_x` by `count_y` pixels from (x, y).
struct Window {
  std::int64_t x = 0;
  std::int64_t y = 0;
  int count_x = 0;
  int count_y = 0;
};

/// Antialiased bilinear: a triangle filter, as wide as the reduction asks for. Computed in
/// integers, so the same on every machine; pixel for pixel what Pillow's BILINEAR gives. width,
/// height >= 1.
Image resize(const Image& image, int width, int height);

/// The `window` of what resize(image, width, height) gives, without computing the rest: its cost
/// and memory do not depend on width and height.
Image resize_window(const Image& image, std::int64_t width, std::int64_t height,
                    const Window& window);

/// Where the middle `count_x` by `count_y` of a width by height picture lies; half a pixel goes to
/// the even side, as in torchvision.
Window center_window(std::int64_t width, std::int64_t height, int count_x, int count_y);

/// The middle of a picture that has at least width by height pixels.
Image center_crop(const Image& image, int width, int height);

}  // namespace cleave::data
