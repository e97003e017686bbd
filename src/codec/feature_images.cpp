#include "codec/feature_images.h"

#include "codec/floats.h"

namespace cleave::codec {
namespace {

/// Calls `move(place in the image's planes, place in the image's memory)` for every element.
template <class Move>
void for_each_element(const Planes& planes, Move move) {
  std::int64_t at = 0;
  for (std::int64_t c = 0; c < planes.channels; ++c)
    for (std::int64_t y = 0; y < planes.height; ++y)
      for (std::int64_t x = 0; x < planes.width; ++x)
        move(at++, c * planes.channel_stride + y * planes.row_stride + x * planes.column_stride);
}

bool is_in_order(const Planes& planes) {
  return planes.column_stride == 1 && planes.row_stride == planes.width &&
         planes.channel_stride == planes.pixels();
}

}  // namespace

std::vector<float> gather_image(std::span<const std::byte> in, DType dtype, const Planes& planes,
                                std::int64_t image) {
  const auto count = static_cast<std::size_t>(planes.image_stride);
  const std::byte* from = in.data() + dtype_size(dtype) * count * static_cast<std::size_t>(image);
  std::vector<float> values(count);
  to_floats(dtype, from, count, values.data());
  if (is_in_order(planes)) return values;
  std::vector<float> ordered(count);
  for_each_element(planes, [&](std::int64_t at, std::int64_t memory) {
    ordered[static_cast<std::size_t>(at)] = values[static_cast<std::size_t>(memory)];
  });
  return ordered;
}

std::span<const float> view_image(std::span<const std::byte> in, DType dtype, const Planes& planes,
                                  std::int64_t image, std::vector<float>& storage) {
  const auto count = static_cast<std::size_t>(planes.image_stride);
  if (dtype == DType::kF32 && is_in_order(planes))
    return {reinterpret_cast<const float*>(in.data()) + count * static_cast<std::size_t>(image),
            count};
  storage = gather_image(in, dtype, planes, image);
  return storage;
}

std::span<float> image_memory(std::span<std::byte> out, DType dtype, const Planes& planes,
                              std::int64_t image) {
  if (dtype != DType::kF32 || !is_in_order(planes)) return {};
  const auto count = static_cast<std::size_t>(planes.image_stride);
  return {reinterpret_cast<float*>(out.data()) + count * static_cast<std::size_t>(image), count};
}

void scatter_image(std::span<const float> values, DType dtype, const Planes& planes,
                   std::int64_t image, std::span<std::byte> out) {
  const auto count = static_cast<std::size_t>(planes.image_stride);
  std::byte* to = out.data() + dtype_size(dtype) * count * static_cast<std::size_t>(image);
  if (is_in_order(planes)) {
    from_floats(dtype, values.data(), count, to);
    return;
  }
  std::vector<float> ordered(count);
  for_each_element(planes, [&](std::int64_t at, std::int64_t memory) {
    ordered[static_cast<std::size_t>(memory)] = values[static_cast<std::size_t>(at)];
  });
  from_floats(dtype, ordered.data(), count, to);
}

}  // namespace cleave::codec
