#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/spec.h"
#include "base/tensor.h"

/// Grey pictures of 8 bits as H.264 or H.265. A picture is coded with sides rounded up to whole
/// blocks of 16, its last column and row repeated, all 256 levels used; units are those of the
/// standards' annexes B. No object here may be used by two threads at once.
namespace cleave::codec {

enum class VideoFormat { kH264, kH265 };

struct VideoSettings {
  VideoFormat format = VideoFormat::kH264;
  int qp = 0;          ///< quantisation of every frame, 0..51
  std::string preset;  ///< x264's and x265's name for how long they search
  int gop = 1;         ///< frames from one key frame to the next
};

/// The settings of a canonical h264 or h265 stage.
inline Result<VideoSettings> video_settings(const Spec& stage) {
  VideoSettings settings;
  settings.format = stage.name == "h264" ? VideoFormat::kH264 : VideoFormat::kH265;
  settings.qp = CLEAVE_TRY(stage.integer("qp", 26, 0, 51));
  settings.preset = stage.text("preset");
  settings.gop = CLEAVE_TRY(stage.integer("gop", 30, 1, 1000));
  return settings;
}

inline constexpr std::int64_t kMaxVideoSide = 8192;

struct CodedPicture {
  Bytes units;
  bool key = false;  ///< it needs no other picture, and holds the parameter sets
};

class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;
  /// The next picture. Nothing is held back: what comes out is this one.
  virtual Result<CodedPicture> encode(std::span<const std::byte> picture, bool as_key) = 0;
};

class VideoDecoder {
 public:
  virtual ~VideoDecoder() = default;
  /// The picture of hostile `units`, which are one picture's and follow those of the call before,
  /// unless `key`. Anything else is an error, after which only a new decoder goes on.
  virtual Result<Tensor> decode(std::span<const std::byte> units, bool key) = 0;
};

/// For pictures of shape {height, width}. Error: kUnsupported where it is not built or installed.
Result<std::unique_ptr<VideoEncoder>> make_video_encoder(const VideoSettings& settings,
                                                         const Shape& shape);
Result<std::unique_ptr<VideoDecoder>> make_video_decoder(VideoFormat format, const Shape& shape);

}  // namespace cleave::codec
