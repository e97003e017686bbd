#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/video.h"

namespace cleave::data {

/// The pictures of an MP4 file as they lie in it, still coded.
struct Mp4Track {
  codec::VideoFormat format = codec::VideoFormat::kH264;
  int width = 0;
  int height = 0;
  /// The decoder's configuration: an avcC or hvcC record.
  std::span<const std::byte> config{};
  /// One picture each, in the order of decoding.
  std::vector<std::span<const std::byte>> samples{};
};

/// True for what begins as an MP4 file does.
bool is_mp4(std::span<const std::byte> file);

/// Finds the first video track of an MP4 file (ISO/IEC 14496-12) by its sample table. Edit lists
/// and times are passed over. Views the file's bytes, which may be hostile; takes 16 bytes for each
/// picture, of which there may be a million. Thread-safe.
/// Errors: kNotThisFormat; kNeedMoreBytes where the file ends too soon; kCorrupt; kUnsupported for
/// a file in fragments, one without video, and video that is neither H.264 nor H.265;
/// kResourceExhausted.
Result<Mp4Track> read_mp4(std::span<const std::byte> file);

}  // namespace cleave::data
