// Channels tiled to one picture, as in "Shared Mobile-Cloud Inference for Collaborative
// Intelligence" (Ulhaq and Bajić), section 2; the arrangement of what is not C×H×W, the order and
// the padding are ours.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "codec/channel_order.h"
#include "codec/floats.h"
#include "codec/mosaic.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.tile";

/// Calls `move(offset in the picture, offset in the tensor)` for every row of every plane. An empty
/// order is the natural one.
template <class Move>
void for_each_row(const Mosaic& mosaic, const ChannelOrder& order, Move move) {
  const std::int64_t stride = mosaic.width();
  for (std::int64_t place = 0; place < mosaic.planes; ++place) {
    const std::int64_t turn = place % mosaic.channels;
    const std::int64_t plane =
        order.empty() ? place : place - turn + order[static_cast<std::size_t>(turn)];
    std::int64_t at = plane * mosaic.plane_height * mosaic.plane_width;
    std::int64_t pixel = place / mosaic.columns * mosaic.plane_height * stride +
                         place % mosaic.columns * mosaic.plane_width;
    for (std::int64_t y = 0; y < mosaic.plane_height; ++y) {
      move(pixel, at);
      pixel += stride;
      at += mosaic.plane_width;
    }
  }
}

/// Repeats the last tiled column and row up to the picture's sides.
void pad_picture(const Mosaic& mosaic, std::byte* picture) {
  const std::int64_t width = mosaic.width();
  for (std::int64_t y = 0; y < mosaic.tiled_height(); ++y) {
    std::byte* row = picture + y * width;
    std::fill(row + mosaic.tiled_width(), row + width, row[mosaic.tiled_width() - 1]);
  }
  const std::byte* last = picture + (mosaic.tiled_height() - 1) * width;
  for (std::int64_t y = mosaic.tiled_height(); y < mosaic.height(); ++y)
    std::copy_n(last, width, picture + y * width);
}

std::vector<float> as_floats(std::span<const std::byte> bytes, DType dtype) {
  std::vector<float> values(bytes.size() / dtype_size(dtype));
  if (is_floating(dtype)) {
    for_each_chunk(bytes, dtype, [&](const float* chunk, std::size_t count, std::size_t at) {
      std::copy_n(chunk, count, values.data() + at);
    });
  } else {
    std::ranges::transform(bytes, values.begin(),
                           [](std::byte b) { return static_cast<float>(std::to_integer<int>(b)); });
  }
  return values;
}

/// True where there is an order of channels to choose.
bool has_order(const Mosaic& mosaic) {
  return mosaic.channels > 1 && mosaic.channels <= kMaxOrderedChannels;
}

bool same_channels(const Mosaic& a, const Mosaic& b) {
  return a.channels == b.channels && a.plane_height == b.plane_height &&
         a.plane_width == b.plane_width;
}

/// 8-bit features, or the values of a u8 tensor, as a picture. The order of its channels is fixed
/// by calibration or, without one, found for each tensor and kept beside the picture.
class Tile final : public Stage {
 public:
  Tile(const MosaicStyle& style, bool similar, ChannelOrder fixed)
      : style_(style), similar_(similar), fixed_(std::move(fixed)) {}

  std::string_view name() const override { return "tile"; }

  Result<bool> plan(Layout& layout) const override {
    const bool tensor = layout.kind == Kind::kFeatures || layout.kind == Kind::kValues;
    if (!tensor || layout.dtype != DType::kU8) {
      if (passes_over(layout)) return false;
      return wrong_order(name(), "8-bit features (quant:bits=8 makes them)", layout);
    }
    const Mosaic mosaic = mosaic_for(layout.shape, style_);
    if (sorts(mosaic) && fixed_.empty())
      layout.side_bytes += 2 * static_cast<std::size_t>(mosaic.channels);
    if (sorts(mosaic) && !fixed_.empty() && !is_order(fixed_, mosaic.channels)) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  std::to_string(mosaic.channels) + " channels, expected the " +
                      std::to_string(fixed_.size()) + " of the calibration");
    }
    layout.kind = Kind::kImage;
    layout.shape = {mosaic.height(), mosaic.width()};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes& side) const override {
    const Mosaic mosaic = mosaic_for(before.shape, style_);
    ChannelOrder order;
    if (sorts(mosaic)) order = fixed_;
    if (sorts(mosaic) && fixed_.empty()) {
      ChannelLikeness likeness(mosaic);
      likeness.add(as_floats(in, DType::kU8));
      order = likeness.order();
      for (const std::uint16_t channel : order) append_le(side, channel);
    }
    Tensor picture(DType::kU8, {mosaic.height(), mosaic.width()});
    std::ranges::fill(picture.bytes(), std::byte{0});
    for_each_row(mosaic, order, [&](std::int64_t pixel, std::int64_t at) {
      std::memcpy(picture.bytes().data() + pixel, in.data() + at,
                  static_cast<std::size_t>(mosaic.plane_width));
    });
    pad_picture(mosaic, picture.bytes().data());
    return picture;
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte> side) const override {
    const Mosaic mosaic = mosaic_for(before.shape, style_);
    ChannelOrder order;
    if (sorts(mosaic)) order = fixed_.empty() ? CLEAVE_TRY(load_order(side)) : fixed_;
    Tensor features(before.dtype, before.shape);
    for_each_row(mosaic, order, [&](std::int64_t pixel, std::int64_t at) {
      std::memcpy(features.bytes().data() + at, in.data() + pixel,
                  static_cast<std::size_t>(mosaic.plane_width));
    });
    return features;
  }

 private:
  bool sorts(const Mosaic& mosaic) const { return similar_ && has_order(mosaic); }

  static Result<ChannelOrder> load_order(std::span<const std::byte> side) {
    ChannelOrder order;
    for (std::size_t at = 0; at < side.size(); at += 2)
      order.push_back(load_le<std::uint16_t>(side, at));
    if (is_order(order, static_cast<std::int64_t>(order.size()))) return order;
    return fail(ErrorCode::kCorrupt, kPlace, "an order that does not hold every channel once");
  }

  MosaicStyle style_;
  bool similar_;
  ChannelOrder fixed_;
};

Result<ChannelOrder> calibrated_order(const Json& calibration) {
  const Json order = calibration.is_object() ? calibration.value("order", Json()) : Json();
  ChannelOrder channels;
  if (order.is_array() && order.size() <= kMaxOrderedChannels) {
    for (const Json& channel : order) {
      if (channel.is_number_unsigned() && channel.get<std::uint64_t>() < order.size())
        channels.push_back(channel.get<std::uint16_t>());
    }
  }
  if (!channels.empty() && is_order(channels, static_cast<std::int64_t>(order.size())))
    return channels;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "calibration " + calibration.dump() + ", expected an order of channels");
}

MosaicStyle style_of(const Spec& spec) {
  return {spec.text("layout") == "pow2", parse_number<std::int64_t>(spec.text("pad")).value_or(1)};
}

}  // namespace

StageResult make_tile(const Spec& spec, const Json& calibration) {
  const bool similar = spec.text("order") == "similar";
  ChannelOrder fixed;
  if (!calibration.is_null()) {
    if (!similar) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "a calibration for order=natural, expected none");
    }
    fixed = CLEAVE_TRY(calibrated_order(calibration));
  }
  return std::make_unique<Tile>(style_of(spec), similar, std::move(fixed));
}

Result<Json> calibrate_tile(const Spec& spec, std::span<const Tensor> samples) {
  if (spec.text("order") != "similar") return Json();
  std::optional<Mosaic> first;
  std::optional<ChannelLikeness> likeness;
  for (const Tensor& sample : samples) {
    // Other integers are passed over when they are coded, so there is nothing to sort.
    if (!is_floating(sample.dtype()) && sample.dtype() != DType::kU8) return Json();
    if (sample.elements() == 0) continue;
    const Mosaic mosaic = mosaic_for(sample.shape(), style_of(spec));
    if (!has_order(mosaic)) return Json();
    if (!first) likeness.emplace(first.emplace(mosaic));
    if (!same_channels(mosaic, *first)) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "samples with channels of different number or size, expected the same");
    }
    const std::vector<float> values = as_floats(sample.bytes(), sample.dtype());
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); }))
      return std::unexpected(not_finite(sample.bytes(), sample.dtype()));
    likeness->add(values);
  }
  if (!likeness) return Json();
  return Json{{"order", likeness->order()}};
}

}  // namespace cleave::codec
