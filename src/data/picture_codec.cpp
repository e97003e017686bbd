#include "data/picture_codec.h"

#include <algorithm>
#include <array>

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.picture_codec";
constexpr std::string_view kDefault = "jpeg:q=85";

/// A whole number of the spec, which is written into the canonical settings.
Result<int> integer(Spec& spec, Spec& canonical, std::string_view key, int fallback, int low,
                    int high) {
  const int value = CLEAVE_TRY(spec.integer(key, fallback, low, high));
  canonical.settings.emplace_back(key, std::to_string(value));
  return value;
}

/// The same for one of some words, the first being the default.
Result<std::string> word(const Spec& spec, Spec& canonical, std::string_view key,
                         const std::vector<std::string>& words) {
  std::string value = spec.text(key, words.front());
  if (std::ranges::find(words, value) == words.end())
    return std::unexpected(
        unknown_name(kPlace, std::string(key) + " of " + spec.name, value, words));
  canonical.settings.emplace_back(key, value);
  return value;
}

Result<PictureCodec::Encode> make_jpeg(Spec& spec) {
  CLEAVE_CHECK(spec.expect_keys({"q"}));
  Spec canonical{spec.name, {}};
  const int quality = CLEAVE_TRY(integer(spec, canonical, "q", 85, 1, 100));
  spec = std::move(canonical);
  return [=](const Image& image) { return encode_jpeg(image, quality); };
}

Result<PictureCodec::Encode> make_webp(Spec& spec) {
  CLEAVE_CHECK(spec.expect_keys({"mode", "q"}));
  Spec canonical{spec.name, {}};
  const std::string mode = CLEAVE_TRY(word(spec, canonical, "mode", {"lossy", "lossless"}));
  if (mode == "lossless") {
    CLEAVE_CHECK(spec.expect_keys({"mode"}));
    spec = std::move(canonical);
    return encode_webp_lossless;
  }
  const int quality = CLEAVE_TRY(integer(spec, canonical, "q", 75, 0, 100));
  spec = std::move(canonical);
  return [=](const Image& image) { return encode_webp(image, quality); };
}

Result<PictureCodec::Encode> make_png(Spec& spec) {
  CLEAVE_CHECK(spec.expect_keys({}));
  return encode_png;
}

Result<PictureCodec::Encode> make_h264(Spec& spec) {
  CLEAVE_CHECK(spec.expect_keys({"qp", "preset"}));
  Spec canonical{spec.name, {}};
  const int qp = CLEAVE_TRY(integer(spec, canonical, "qp", 26, 0, 51));
  const std::string preset = CLEAVE_TRY(word(
      spec, canonical, "preset", {"medium", "ultrafast", "veryfast", "fast", "slow", "veryslow"}));
  spec = std::move(canonical);
  return [=](const Image& image) { return encode_h264(image, qp, preset); };
}

constexpr std::array<PictureKind, 4> kKinds{{
    {"jpeg", "q=1..100 (85)", make_jpeg},
    {"webp", "mode=lossy|lossless (lossy), q=0..100 (75)", make_webp},
    {"png", "", make_png},
    {"h264", "qp=0..51 (26), preset=ultrafast|veryfast|fast|medium|slow|veryslow (medium)",
     make_h264},
}};

}  // namespace

PictureCodec::PictureCodec() : PictureCodec(*parse(kDefault)) {}

Result<PictureCodec> PictureCodec::parse(std::string_view text) {
  Spec spec = CLEAVE_TRY(parse_spec(text));
  const auto* const kind = std::ranges::find(kKinds, spec.name, &PictureKind::name);
  if (kind == kKinds.end()) {
    std::vector<std::string> known;
    for (const PictureKind& k : kKinds) known.emplace_back(k.name);
    return std::unexpected(unknown_name(kPlace, "picture codec", spec.name, known));
  }
  Encode encode = CLEAVE_TRY(kind->make(spec));
  return PictureCodec(spec.to_string(), std::move(encode));
}

std::span<const PictureKind> picture_kinds() { return kKinds; }

}  // namespace cleave::data
