#include "data/preprocess.h"

#include <vector>

#include "base/spec.h"
#include "data/resize.h"

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.preprocess";
/// Sides of a network's input and of the picture it is cut from.
constexpr int kMaxSide = 8192;
/// Mean and spread of the ImageNet training set, red, green, blue, in 0..1: what torchvision's
/// networks expect.
constexpr std::array<double, 3> kImagenetMean{0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImagenetStd{0.229, 0.224, 0.225};

std::unexpected<Error> wrong(std::string_view key, std::string_view found,
                             std::string_view expected) {
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "image: " + std::string(key) + " is '" + std::string(found) + "', expected " +
                  std::string(expected));
}

/// The index of the setting's value among `choices`; the first where it is not set.
Result<std::size_t> choice(const Spec& spec, std::string_view key,
                           const std::vector<std::string>& choices) {
  const std::string found = spec.text(key, choices.front());
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (found == choices[i]) return i;
  }
  return std::unexpected(unknown_name(kPlace, key, found, choices));
}

bool is_side(std::optional<int> n) { return n && *n >= 1 && *n <= kMaxSide; }

/// "224" or "240x320": height, width.
Result<std::pair<int, int>> parse_size(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, 'x');
  const auto height = parse_number<int>(parts.front());
  const auto width = parse_number<int>(parts.back());
  if (parts.size() <= 2 && is_side(height) && is_side(width)) return std::pair{*height, *width};
  return wrong("size", text, "N or HxW, each from 1 to " + std::to_string(kMaxSide));
}

/// "1/255" or a number.
Result<double> parse_scale(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '/');
  const auto above = parse_number<double>(parts.front());
  const auto below = parts.size() == 1 ? std::optional(1.0) : parse_number<double>(parts.back());
  const double scale = above && below && *below > 0 ? *above / *below : 0;
  if (parts.size() <= 2 && scale > 0 && scale <= 1e6) return scale;
  return wrong("scale", text, "a positive number such as 1 or 1/255");
}

/// "none", "imagenet" or one number per channel joined by '/'.
Result<std::array<double, 3>> parse_channels(std::string_view key, std::string_view text,
                                             int channels, bool reversed, double none,
                                             const std::array<double, 3>& imagenet) {
  if (text == "none") return std::array{none, none, none};
  if (text == "imagenet" && channels == 3) {
    return reversed ? std::array{imagenet[2], imagenet[1], imagenet[0]} : imagenet;
  }
  const std::vector<std::string_view> parts = split(text, '/');
  std::array<double, 3> values{none, none, none};
  bool good = parts.size() == static_cast<std::size_t>(channels);
  for (std::size_t c = 0; good && c < parts.size(); ++c) {
    const auto value = parse_number<double>(parts[c]);
    // Also refuses "nan" and "inf", which from_chars reads.
    good = value && *value >= -1e6 && *value <= 1e6;
    if (good) values[c] = *value;
  }
  if (good) return values;
  return wrong(
      key, text,
      channels == 3 ? "none, imagenet or three numbers joined by '/'" : "none or one number");
}

std::string number_text(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string channels_text(const std::array<double, 3>& values, int channels) {
  std::string text = number_text(values[0]);
  for (int c = 1; c < channels; ++c) text += "/" + number_text(values[c]);
  return text;
}

/// ITU-R 601 luma in 16-bit fixed point, rounded.
std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >>
                                   16);
}

}  // namespace

Result<Preprocess> Preprocess::parse(std::string_view text) {
  const Spec spec = CLEAVE_TRY(parse_spec(text));
  if (spec.name != "image")
    return std::unexpected(unknown_name(kPlace, "preprocessing", spec.name, {"image"}));
  CLEAVE_CHECK(spec.expect_keys({"size", "resize", "scale", "mean", "std", "layout", "color"}));
  if (!spec.has("size"))
    return fail(ErrorCode::kInvalidArgument, kPlace, "image: size is missing, expected N or HxW");
  Preprocess p;
  std::tie(p.height_, p.width_) = CLEAVE_TRY(parse_size(spec.text("size")));
  if (spec.has("resize")) {
    // A shorter side below the longer side of the crop could leave the crop without pixels.
    p.shorter_side_ =
        CLEAVE_TRY(spec.integer("resize", 0, std::max(p.width_, p.height_), kMaxSide));
  }
  p.scale_ = CLEAVE_TRY(parse_scale(spec.text("scale", "1/255")));
  p.channels_last_ = CLEAVE_TRY(choice(spec, "layout", {"nchw", "nhwc"})) == 1;
  p.color_ = static_cast<Color>(CLEAVE_TRY(choice(spec, "color", {"rgb", "bgr", "gray"})));
  const bool bgr = p.color_ == Color::kBgr;
  const std::string mean = spec.text("mean", "none");
  const std::string deviation = spec.text("std", mean == "imagenet" ? "imagenet" : "none");
  p.mean_ = CLEAVE_TRY(parse_channels("mean", mean, p.channels(), bgr, 0, kImagenetMean));
  p.std_ = CLEAVE_TRY(parse_channels("std", deviation, p.channels(), bgr, 1, kImagenetStd));
  for (double value : p.std_) {
    if (value < 1e-6) return wrong("std", deviation, "numbers of at least 1e-6");
  }
  return p;
}

std::optional<Preprocess> Preprocess::guess(const TensorSpec& input) {
  const Shape& shape = input.shape;
  if (input.dtype != DType::kF32 || shape.size() != 4 || (shape[0] != 1 && shape[0] != -1))
    return std::nullopt;
  const auto is_channels = [](std::int64_t n) { return n == 1 || n == 3; };
  Preprocess p;
  p.channels_last_ = !is_channels(shape[1]);
  const std::int64_t channels = p.channels_last_ ? shape[3] : shape[1];
  const std::int64_t height = p.channels_last_ ? shape[1] : shape[2];
  const std::int64_t width = p.channels_last_ ? shape[2] : shape[3];
  if (!is_channels(channels) || height < 1 || width < 1 || height > kMaxSide || width > kMaxSide)
    return std::nullopt;
  p.height_ = static_cast<int>(height);
  p.width_ = static_cast<int>(width);
  if (channels == 1) {
    p.color_ = Color::kGray;
  } else if (p.channels_last_) {
    // TensorFlow's habit: -1..1.
    p.mean_ = p.std_ = {0.5, 0.5, 0.5};
  } else {
    p.mean_ = kImagenetMean;
    p.std_ = kImagenetStd;
    // The customary evaluation on ImageNet.
    if (height == 224 && width == 224) p.shorter_side_ = 256;
  }
  return p;
}

std::string Preprocess::spec() const {
  const bool bgr = color_ == Color::kBgr;
  const auto named = [&](const std::array<double, 3>& values, double none,
                         const std::array<double, 3>& imagenet) {
    const std::array<double, 3> by_color =
        bgr ? std::array{values[2], values[1], values[0]} : values;
    if (by_color == imagenet) return std::string("imagenet");
    if (values == std::array{none, none, none}) return std::string("none");
    return channels_text(values, channels());
  };
  const std::string mean = named(mean_, 0, kImagenetMean);
  const std::string deviation = named(std_, 1, kImagenetStd);
  std::string text = "image:size=" + std::to_string(height_);
  if (width_ != height_) text += "x" + std::to_string(width_);
  if (shorter_side_) text += ",resize=" + std::to_string(*shorter_side_);
  if (scale_ != 1.0 / 255) text += ",scale=" + number_text(scale_);
  text += ",mean=" + mean;
  if (deviation != (mean == "imagenet" ? "imagenet" : "none")) text += ",std=" + deviation;
  text += channels_last_ ? ",layout=nhwc" : ",layout=nchw";
  text += color_ == Color::kRgb ? ",color=rgb" : bgr ? ",color=bgr" : ",color=gray";
  return text;
}

Image Preprocess::picture(const Image& image) const {
  if (image.width == width_ && image.height == height_) return image;
  if (!shorter_side_) return resize(image, width_, height_);
  const std::int64_t shorter = std::min(image.width, image.height);
  const std::int64_t width = image.width * std::int64_t{*shorter_side_} / shorter;
  const std::int64_t height = image.height * std::int64_t{*shorter_side_} / shorter;
  return resize_window(image, width, height, center_window(width, height, width_, height_));
}

Shape Preprocess::shape() const {
  if (channels_last_) return {1, height_, width_, channels()};
  return {1, channels(), height_, width_};
}

Tensor Preprocess::apply(const Image& image) const {
  const Image picture_at_size = picture(image);
  Tensor tensor(DType::kF32, shape());
  const std::span<float> out = tensor.as<float>();
  const std::size_t pixels = std::size_t(width_) * height_;
  const std::size_t channel_count = channels();
  for (std::size_t c = 0; c < channel_count; ++c) {
    std::array<float, 256> value;
    for (int byte = 0; byte < 256; ++byte)
      value[byte] = static_cast<float>((byte * scale_ - mean_[c]) / std_[c]);
    const std::size_t source = color_ == Color::kBgr ? 2 - c : c;
    for (std::size_t i = 0; i < pixels; ++i) {
      const std::uint8_t* rgb = &picture_at_size.rgb[3 * i];
      const std::uint8_t byte = color_ == Color::kGray ? luma(rgb) : rgb[source];
      out[channels_last_ ? i * channel_count + c : c * pixels + i] = value[byte];
    }
  }
  return tensor;
}

}  // namespace cleave::data
