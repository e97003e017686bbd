#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "data/image.h"

namespace cleave::data {

/// The frames of a YUV4MPEG2 film (.y4m), one by one as RGB: 8 bits a sample, chroma 4:2:0 (all
/// sitings), 4:2:2, 4:4:4 or none. Colours are ITU-R 601's, of studio range (16 to 235) unless the
/// header says XCOLORRANGE=FULL; each pixel takes the chroma sample that covers it. Rate,
/// interlacing and the pixels' aspect are passed over.
///
/// Views the file's bytes, which may be hostile and must outlive it; holds no frame, and allocates
/// no more than the one that it returns. Thread safety: that of a plain value.
class Y4m {
 public:
  /// Reads the header. Errors: kNotThisFormat, kNeedMoreBytes (no end of the header), kCorrupt (a
  /// missing or impossible size), kUnsupported (other samples), kResourceExhausted (a frame over
  /// `max_pixels`).
  static Result<Y4m> parse(std::span<const std::byte> file, std::int64_t max_pixels = kMaxPixels);

  int width() const { return width_; }
  int height() const { return height_; }

  /// The next frame; nothing behind the last. Errors: kNeedMoreBytes where the file ends within a
  /// frame, kCorrupt where none begins.
  Result<std::optional<Image>> next();

 private:
  Y4m() = default;
  Result<void> read_parameter(std::string_view parameter);
  Image to_image(std::span<const std::byte> samples) const;
  std::size_t chroma_width() const;
  std::size_t chroma_samples() const;

  std::span<const std::byte> rest_;  ///< behind the header and the frames that were read
  int width_ = 0;
  int height_ = 0;
  bool has_chroma_ = true;
  int chroma_shift_x_ = 1;  ///< of a pixel's place, which gives its chroma sample's
  int chroma_shift_y_ = 1;
  bool full_range_ = false;
};

}  // namespace cleave::data
