#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cleave::data {

/// A picture: 8-bit R, G, B per pixel, rows from the top, no padding. A plain value.
/// Every function here that returns one keeps width, height >= 1 and rgb.size() == width * height *
/// 3, and expects the same of its arguments. All functions may be called from several threads at
/// once.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;

  Image() = default;
  /// A black picture.
  Image(int w, int h) : width(w), height(h), rgb(std::size_t{3} * w * h) {}

  std::uint8_t* pixel(int x, int y) { return rgb.data() + 3 * (std::size_t(y) * width + x); }
  const std::uint8_t* pixel(int x, int y) const {
    return rgb.data() + 3 * (std::size_t(y) * width + x);
  }
  bool operator==(const Image&) const = default;
};

/// Largest picture that is decoded unless told otherwise: 64 megapixels.
inline constexpr std::int64_t kMaxPixels = std::int64_t{64} << 20;

/// Decodes a JPEG, a PNG, a WebP or a single H.264 picture as of encode_h264(), told apart by their
/// first bytes. Gray, palette, 16-bit and CMYK
/// pictures become RGB; transparency is laid over white. The EXIF orientation is not applied, and a
/// chroma sampling that TurboJPEG does not know is refused. Hostile bytes are safe; memory stays
/// under 16 bytes per pixel of `max_pixels`. A picture that the decoder had to patch up is an
/// error, not a picture. Errors: kNotThisFormat (none of them), kNeedMoreBytes (cut short),
/// kCorrupt, kResourceExhausted (too large), kUnsupported (H.264 in a build without video).
Result<Image> decode_image(std::span<const std::byte> bytes, std::int64_t max_pixels = kMaxPixels);

/// Reads and decodes a file; errors name it.
Result<Image> load_image(const std::filesystem::path& path);

/// A baseline JPEG with chroma at half resolution both ways (4:2:0); quality 1..100.
Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality);

/// An 8-bit RGB PNG.
Result<std::vector<std::byte>> encode_png(const Image& image);

/// A lossy WebP, which has chroma at half resolution both ways; quality 0..100.
/// Error: kUnsupported for sides over 16383.
Result<std::vector<std::byte>> encode_webp(const Image& image, int quality);

/// A WebP that decodes to the same picture. Error: as encode_webp().
Result<std::vector<std::byte>> encode_webp_lossless(const Image& image);

/// One picture of H.264, as the units of a key frame and the stream's end: 4:2:0, or 4:4:4 where a
/// side is odd, full range by BT.601. `qp` 0..51, `preset` one of x264's names. Errors:
/// kUnsupported for sides over 8192, and in a build without video.
Result<std::vector<std::byte>> encode_h264(const Image& image, int qp, const std::string& preset);

}  // namespace cleave::data
