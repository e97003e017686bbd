#include <webp/decode.h>
#include <webp/encode.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "data/formats.h"

namespace cleave::data {
namespace {

constexpr std::string_view kFormat = "WebP";
/// "RIFF", the length of what follows, "WEBP".
constexpr std::size_t kHeaderBytes = 12;

struct Free {
  void operator()(std::uint8_t* memory) const { WebPFree(memory); }
};
using Memory = std::unique_ptr<std::uint8_t, Free>;

const std::uint8_t* as_uint8(std::span<const std::byte> bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::string_view reason_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "unexpected end of data";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "unsupported feature";
    case VP8_STATUS_OUT_OF_MEMORY:
      return "out of memory";
    default:
      return "bitstream error";
  }
}

/// Transparency over white, as in PNG.
void lay_over_white(std::span<const std::uint8_t> rgba, Image& image) {
  for (std::size_t i = 0; i < rgba.size() / 4; ++i) {
    const int alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      image.rgb[3 * i + c] =
          static_cast<std::uint8_t>((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

Result<std::vector<std::byte>> encoded(const Image& image, std::size_t size, const Memory& file) {
  if (size == 0) {
    return fail(ErrorCode::kUnsupported, "data.encode",
                "WebP of " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                    " pixels, expected sides up to " + std::to_string(WEBP_MAX_DIMENSION));
  }
  const auto bytes = std::as_bytes(std::span(file.get(), size));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace

bool is_webp(std::span<const std::byte> bytes) {
  return bytes.size() >= kHeaderBytes && as_text(bytes.first(4)) == "RIFF" &&
         as_text(bytes.subspan(8, 4)) == "WEBP";
}

Result<Image> decode_webp(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  // libwebp is content with less where the rest would only be padding.
  if (std::uint64_t{8} + load_le<std::uint32_t>(bytes, 4) > bytes.size())
    return undecodable(kFormat, reason_of(VP8_STATUS_NOT_ENOUGH_DATA));
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(as_uint8(bytes), bytes.size(), &features);
  if (status != VP8_STATUS_OK) return undecodable(kFormat, reason_of(status));
  CLEAVE_CHECK(check_size(kFormat, features.width, features.height, max_pixels));
  if (features.has_animation) return undecodable(kFormat, "an animation, expected one picture");
  Image image(features.width, features.height);
  if (!features.has_alpha) {
    if (WebPDecodeRGBInto(as_uint8(bytes), bytes.size(), image.rgb.data(), image.rgb.size(),
                          3 * image.width) == nullptr) {
      return undecodable(kFormat, reason_of(VP8_STATUS_BITSTREAM_ERROR));
    }
    return image;
  }
  std::vector<std::uint8_t> rgba(std::size_t{4} * image.width * image.height);
  if (WebPDecodeRGBAInto(as_uint8(bytes), bytes.size(), rgba.data(), rgba.size(),
                         4 * image.width) == nullptr) {
    return undecodable(kFormat, reason_of(VP8_STATUS_BITSTREAM_ERROR));
  }
  lay_over_white(rgba, image);
  return image;
}

Result<std::vector<std::byte>> encode_webp(const Image& image, int quality) {
  if (quality < 0 || quality > 100) {
    return fail(ErrorCode::kInvalidArgument, "data.encode",
                "WebP quality is " + std::to_string(quality) + ", expected 0 to 100");
  }
  std::uint8_t* file = nullptr;
  const std::size_t size = WebPEncodeRGB(image.rgb.data(), image.width, image.height,
                                         3 * image.width, static_cast<float>(quality), &file);
  return encoded(image, size, Memory(file));
}

Result<std::vector<std::byte>> encode_webp_lossless(const Image& image) {
  std::uint8_t* file = nullptr;
  const std::size_t size =
      WebPEncodeLosslessRGB(image.rgb.data(), image.width, image.height, 3 * image.width, &file);
  return encoded(image, size, Memory(file));
}

}  // namespace cleave::data
