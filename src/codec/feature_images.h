#pragma once

#include <span>
#include <vector>

#include "base/tensor.h"
#include "codec/planes.h"

namespace cleave::codec {

/// One image of a floating tensor as f32, channel after channel, row after row.
std::vector<float> gather_image(std::span<const std::byte> in, DType dtype, const Planes& planes,
                                std::int64_t image);
/// The same without a copy where the memory is in this order and f32 already; else in `storage`.
std::span<const float> view_image(std::span<const std::byte> in, DType dtype, const Planes& planes,
                                  std::int64_t image, std::vector<float>& storage);
/// The image's own memory if it is in that order and f32; empty otherwise.
std::span<float> image_memory(std::span<std::byte> out, DType dtype, const Planes& planes,
                              std::int64_t image);
/// The reverse, into a tensor's memory.
void scatter_image(std::span<const float> values, DType dtype, const Planes& planes,
                   std::int64_t image, std::span<std::byte> out);

}  // namespace cleave::codec
