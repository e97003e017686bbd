// Channels tiled to one picture, as in "Shared Mobile-Cloud Inference for Collaborative
// Intelligence" (Ulhaq and Bajić), section 2; the arrangement of what is not C×H×W is ours.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "codec/mosaic.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

/// Calls `move(offset in the picture, offset in the tensor)` for every row of every plane.
template <class Move>
void for_each_row(const Mosaic& mosaic, Move move) {
  const std::int64_t stride = mosaic.width();
  std::int64_t at = 0;
  for (std::int64_t plane = 0; plane < mosaic.planes; ++plane) {
    std::int64_t pixel = plane / mosaic.columns * mosaic.plane_height * stride +
                         plane % mosaic.columns * mosaic.plane_width;
    for (std::int64_t y = 0; y < mosaic.plane_height; ++y) {
      move(pixel, at);
      pixel += stride;
      at += mosaic.plane_width;
    }
  }
}

/// 8-bit features, or the values of a u8 tensor, as a picture.
class Tile final : public Stage {
 public:
  std::string_view name() const override { return "tile"; }

  Result<bool> plan(Layout& layout) const override {
    const bool tensor = layout.kind == Kind::kFeatures || layout.kind == Kind::kValues;
    if (!tensor || layout.dtype != DType::kU8) {
      if (passes_over(layout)) return false;
      return wrong_order(name(), "8-bit features (quant:bits=8 makes them)", layout);
    }
    const Mosaic mosaic = mosaic_for(layout.shape);
    layout.kind = Kind::kImage;
    layout.shape = {mosaic.height(), mosaic.width()};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    const Mosaic mosaic = mosaic_for(before.shape);
    Tensor picture(DType::kU8, {mosaic.height(), mosaic.width()});
    std::ranges::fill(picture.bytes(), std::byte{0});
    for_each_row(mosaic, [&](std::int64_t pixel, std::int64_t at) {
      std::memcpy(picture.bytes().data() + pixel, in.data() + at,
                  static_cast<std::size_t>(mosaic.plane_width));
    });
    return picture;
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    const Mosaic mosaic = mosaic_for(before.shape);
    Tensor features(before.dtype, before.shape);
    for_each_row(mosaic, [&](std::int64_t pixel, std::int64_t at) {
      std::memcpy(features.bytes().data() + at, in.data() + pixel,
                  static_cast<std::size_t>(mosaic.plane_width));
    });
    return features;
  }
};

}  // namespace

Mosaic mosaic_for(const Shape& shape) {
  const std::int64_t elements = element_count(shape).value_or(0);
  Mosaic mosaic;
  mosaic.plane_width = shape.empty() ? 1 : shape.back();
  mosaic.plane_height = shape.size() < 2 ? 1 : shape[shape.size() - 2];
  const auto [shorter, longer] = std::minmax(mosaic.plane_width, mosaic.plane_height);
  if (shorter == 1 || longer > kMaxPlaneSide) mosaic.plane_width = mosaic.plane_height = 1;
  mosaic.planes = elements / (mosaic.plane_width * mosaic.plane_height);
  // The least number of columns with columns² · width >= planes · height. The square root may be
  // off by one either way, the integers decide.
  const std::int64_t area = mosaic.planes * mosaic.plane_height;
  const auto enough = [&](std::int64_t columns) {
    return columns > area / columns / mosaic.plane_width ||
           columns * columns * mosaic.plane_width >= area;
  };
  mosaic.columns = std::max<std::int64_t>(
      1,
      std::llround(std::sqrt(static_cast<double>(area) / static_cast<double>(mosaic.plane_width))));
  while (mosaic.columns > 1 && enough(mosaic.columns - 1)) --mosaic.columns;
  while (!enough(mosaic.columns)) ++mosaic.columns;
  mosaic.columns = std::min(mosaic.columns, mosaic.planes);
  mosaic.rows = (mosaic.planes + mosaic.columns - 1) / mosaic.columns;
  return mosaic;
}

StageResult make_tile(const Spec&, const Json&) { return std::make_unique<Tile>(); }

}  // namespace cleave::codec
