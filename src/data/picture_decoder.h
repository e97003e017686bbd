#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "codec/video.h"
#include "data/image.h"

namespace cleave::data {

/// The pictures of a coded film, in the order in which they are shown, as RGB. 8 bits a sample,
/// chroma 4:2:0, 4:2:2, 4:4:4 or none; BT.601 unless the film says BT.709. Coded bytes may be
/// hostile. Not thread-safe.
class PictureDecoder {
 public:
  struct Settings {
    codec::VideoFormat format = codec::VideoFormat::kH264;
    /// avcC or hvcC; empty where units come with start codes.
    std::span<const std::byte> config;
    std::int64_t max_pixels = 0;  ///< of a picture, whole blocks counted
    int max_frames = 0;           ///< held at a time, those included that others refer to
  };
  virtual ~PictureDecoder() = default;

  /// The next coded picture. After it, receive() until there is nothing.
  virtual Result<void> send(std::span<const std::byte> coded) = 0;
  /// No more will come: what was held back comes out.
  virtual Result<void> finish() = 0;
  /// The next picture; nothing where more has to be sent first, or all have come.
  virtual Result<std::optional<Image>> receive() = 0;
};

/// Error: kUnsupported where it is not built or installed.
Result<std::unique_ptr<PictureDecoder>> make_picture_decoder(
    const PictureDecoder::Settings& settings);

}  // namespace cleave::data
