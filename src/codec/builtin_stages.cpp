#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/spec.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.spec";

constexpr std::array<Setting, 2> kQuantSettings{{
    {"bits", "8", "1..8|16"},
    {"range", "minmax", "minmax|sigma3"},
}};
constexpr std::array<Setting, 1> kZstdSettings{{{"level", "3", "1..19"}}};
constexpr std::array<Setting, 3> kTileSettings{{
    {"order", "natural", "natural|similar", true},
    {"layout", "square", "square|pow2", true},
    {"pad", "none", "none|8|16", true},
}};
constexpr std::array<Setting, 1> kJpegSettings{{{"q", "85", "1..100"}}};
constexpr std::array<Setting, 5> kCleaveSettings{{
    {"profile", "small", "small|fast"},
    {"step", "auto", "auto|number"},
    {"target", "none", "none|size"},
    {"target_loss", "none", "none|share", true},
    {"layers", "1", "1..8", true},
}};
constexpr std::array<Setting, 3> kWebPSettings{{
    {"mode", "lossy", "lossy|lossless"},
    {"q", "75", "0..100"},
    {"effort", "4", "0..6"},
}};
constexpr std::array<Setting, 3> kVideoSettings{{
    {"qp", "26", "0..51"},
    {"preset", "medium", "ultrafast|veryfast|fast|medium|slow|veryslow"},
    {"gop", "30", "1..1000"},
}};

constexpr std::array<StageKind, 11> kStages{{
    {"raw", "values as they are", 1, true, {}, make_raw, nullptr},
    {"f16", "floats of 32 or 64 bits as 16-bit floats", 1, false, {}, make_f16, nullptr},
    {"quant", "floats as whole steps of a range", 1, false, kQuantSettings, make_quant,
     calibrate_quant},
    {"zstd", "general lossless compression", 1, true, kZstdSettings, make_zstd, nullptr},
    {"tile", "8-bit channels side by side as one grey picture", 1, true, kTileSettings, make_tile,
     calibrate_tile},
    {"png", "lossless picture compression", 1, true, {}, make_png, nullptr},
    {"jpeg", "lossy picture compression", 1, false, kJpegSettings, make_jpeg, nullptr},
    {"webp", "picture compression, lossy or lossless", 1, false, kWebPSettings, make_webp, nullptr},
    {"h264", "video compression, of pictures or of streams", 1, false, kVideoSettings, make_video,
     nullptr},
    {"h265", "the same, smaller and slower", 1, false, kVideoSettings, make_video, nullptr},
    {"cleave", "features in a basis and with a model of their own", 1, false, kCleaveSettings,
     make_cleave, calibrate_cleave},
}};

/// The shortest text of a number.
std::string number_text(double number) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

/// The canonical spelling of `value` if it matches one choice: "low..high", a word, or a kind of
/// number: "number" (positive), "size" (bytes, as "2KB"), "share" (as "1%").
std::optional<std::string> match(std::string_view choice, std::string_view value) {
  if (choice == "size") {
    const auto bytes = parse_size_bytes(value);
    return bytes && *bytes > 0 ? std::optional(std::to_string(*bytes)) : std::nullopt;
  }
  if (choice == "share") {
    const auto share = parse_share(value);
    return share ? std::optional(number_text(*share)) : std::nullopt;
  }
  if (choice == "number") {
    const auto parsed = parse_number<double>(value);
    if (!parsed || !std::isfinite(*parsed) || *parsed <= 0) return std::nullopt;
    return number_text(*parsed);
  }
  const auto number = parse_number<int>(value);
  const std::size_t dots = choice.find("..");
  if (dots == std::string_view::npos) {
    if (number && number == parse_number<int>(choice)) return std::to_string(*number);
    return choice == value ? std::optional<std::string>(value) : std::nullopt;
  }
  const auto low = parse_number<int>(choice.substr(0, dots));
  const auto high = parse_number<int>(choice.substr(dots + 2));
  if (!number || number < low || number > high) return std::nullopt;
  return std::to_string(*number);
}

Result<std::string> canonical_value(std::string_view stage, const Setting& setting,
                                    std::string_view value) {
  for (std::string_view rest = setting.choices; !rest.empty();) {
    const std::string_view choice = rest.substr(0, rest.find('|'));
    if (auto found = match(choice, value)) return *std::move(found);
    rest.remove_prefix(std::min(choice.size() + 1, rest.size()));
  }
  return fail(ErrorCode::kInvalidArgument, kPlace,
              std::string(stage) + ": " + std::string(setting.key) + " is '" + std::string(value) +
                  "', expected " + std::string(setting.choices));
}

}  // namespace

std::span<const StageKind> builtin_stages() { return kStages; }

Result<const StageKind*> find_stage(std::string_view name) {
  std::vector<std::string> known;
  for (const StageKind& kind : kStages) {
    if (kind.name == name) return &kind;
    known.emplace_back(kind.name);
  }
  return std::unexpected(unknown_name(kPlace, "stage", name, known));
}

Result<Spec> canonical_stage(const Spec& spec) {
  const StageKind& kind = *CLEAVE_TRY(find_stage(spec.name));
  Spec canonical{spec.name, {}};
  std::vector<std::string> known;
  for (const Setting& setting : kind.settings) {
    const std::string given = spec.text(setting.key, setting.fallback);
    std::string value = CLEAVE_TRY(canonical_value(kind.name, setting, given));
    known.emplace_back(setting.key);
    if (setting.later && value == setting.fallback) continue;
    canonical.settings.emplace_back(setting.key, std::move(value));
  }
  for (const auto& [key, value] : spec.settings) {
    if (std::ranges::find(known, key) != known.end()) continue;
    if (known.empty()) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  spec.name + " has no settings, found '" + key + "'");
    }
    return std::unexpected(unknown_name(kPlace, "key of " + spec.name, key, known));
  }
  return canonical;
}

std::string describe(const Layout& layout) {
  switch (layout.kind) {
    case Kind::kValues:
      return std::string(dtype_name(layout.dtype)) + " values";
    case Kind::kHalves:
      return "f16 halves";
    case Kind::kFeatures:
      return std::to_string(8 * dtype_size(layout.dtype)) + "-bit features";
    case Kind::kPacked:
      return "packed bytes";
    case Kind::kImage:
      return "a picture";
    case Kind::kCompressed:
      return "compressed bytes";
  }
  return "nothing known";
}

std::unexpected<Error> wrong_order(std::string_view stage, std::string_view takes,
                                   const Layout& found) {
  return fail(
      ErrorCode::kInvalidArgument, kPlace,
      std::string(stage) + " follows " + describe(found) + ", expected " + std::string(takes));
}

}  // namespace cleave::codec
