#pragma once

#include <span>
#include <vector>

#include "base/tensor.h"
#include "codec/planes.h"

namespace cleave::codec {

/// One image of a floating tensor as f32, channel after channel, row after row.
std::vector<float> gather_image(std::span<const std::byte> in, DType dtype, const Planes& planes,
                                std::int64_t image);
/// The reverse, into a tensor's memory.
void scatter_image(std::span<const float> values, DType dtype, const Planes& planes,
                   std::int64_t image, std::span<std::byte> out);

}  // namespace cleave::codec
