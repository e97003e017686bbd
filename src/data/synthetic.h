#pragma once

#include <cstdint>

#include "data/image.h"

namespace cleave::data {

/// A picture for when there are no photographs: a sky-like gradient, overlapping discs and boxes,
/// and smooth texture with a little grain, so that it compresses and excites filters roughly as a
/// photograph does. It shows nothing; labels for it mean nothing. Integer arithmetic: the same
/// bytes on every machine for the same arguments. width, height >= 1.
Image synthetic_picture(int width, int height, std::uint64_t seed);

}  // namespace cleave::data
