// Mosaics as single intra frames: standard codecs as "Shared Mobile-Cloud Inference for
// Collaborative Intelligence" (Ulhaq and Bajić), section 2, proposes; all settings are ours.
#include "codec/video.h"

#include <algorithm>

#include "codec/nal_units.h"
#include "codec/picture.h"

namespace cleave::codec {
namespace {

/// A grey picture of 8 bits as one key frame and an end mark.
class Video final : public Stage {
 public:
  Video(std::string name, VideoSettings settings)
      : name_(std::move(name)), settings_(std::move(settings)) {
    settings_.gop = 1;
  }

  std::string_view name() const override { return name_; }

  Result<bool> plan(Layout& layout) const override {
    if (!CLEAVE_TRY(takes_picture(name(), layout, kMaxVideoSide))) return false;
    layout = {Kind::kCompressed, DType::kU8, {bound(layout.shape)}, layout.side_bytes};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    const auto encoder = CLEAVE_TRY(make_video_encoder(settings_, before.shape));
    CodedPicture coded = CLEAVE_TRY(encoder->encode(in, true));
    const auto end = end_unit(settings_.format);
    coded.units.insert(coded.units.end(), end.begin(), end.end());
    const auto size = static_cast<std::int64_t>(coded.units.size());
    if (size > bound(before.shape)) {
      return fail(ErrorCode::kInternal, "codec." + name_,
                  "a picture of " + std::to_string(size) + " bytes, expected at most " +
                      std::to_string(bound(before.shape)));
    }
    return Tensor::from_bytes(DType::kU8, {size}, coded.units);
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    const auto end = end_unit(settings_.format);
    if (in.size() < end.size() || !std::ranges::equal(in.last(end.size()), end)) {
      return fail(ErrorCode::kCorrupt, "codec." + name_,
                  "the picture does not end in its end mark");
    }
    const auto decoder = CLEAVE_TRY(make_video_decoder(settings_.format, before.shape));
    return decoder->decode(in.first(in.size() - end.size()), true);
  }

 private:
  /// Ours: the standards allow little more than a picture's own bytes, and its sides grow by less
  /// than 16.
  static std::int64_t bound(const Shape& shape) {
    constexpr std::int64_t kGrown = 15;
    return 2 * (shape[0] + kGrown) * (shape[1] + kGrown) + 2048;
  }

  std::string name_;
  VideoSettings settings_;
};

}  // namespace

StageResult make_video(const Spec& spec, const Json&) {
  return std::make_unique<Video>(spec.name, CLEAVE_TRY(video_settings(spec)));
}

}  // namespace cleave::codec
