#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/stats.h"
#include "codec/codec.h"
#include "data/preprocess.h"
#include "graph/model.h"
#include "study/cut_trial.h"

/// A film whose features cross a cut frame by frame: what streams of them cost beside single
/// tensors, and what happens when a packet is lost.
namespace cleave::study {

/// The frames of a film as a network's inputs.
struct FilmFrames {
  int width = 0;  ///< of the film
  int height = 0;
  std::vector<std::vector<Tensor>> inputs;  ///< one or more, in their order
};

/// The first `limit` frames, or all of fewer. Inputs may take `max_bytes` together. Errors: those
/// of data::Film; kInvalidArgument for a film without pictures; kResourceExhausted.
Result<FilmFrames> load_film(const std::filesystem::path& path, const data::Preprocess& preprocess,
                             std::size_t limit, std::int64_t max_bytes = std::int64_t{4} << 30);

/// How frames are sent.
enum class FrameCoding {
  kStill,  ///< each as a bound packet of its own
  kIntra,  ///< a stream of key frames alone
  kInter,  ///< a stream of what changes
};
std::string_view frame_coding_name(FrameCoding coding);

/// The codings that a codec allows: both streams where it ends in h264 or h265, else still.
std::vector<FrameCoding> codings_of(const codec::Codec& codec);

/// What sending a film took.
struct StreamScore {
  FrameCoding coding = FrameCoding::kStill;
  double bytes_per_frame = 0;  ///< packet headers included
  /// Means over frames that stand alone and over those that need others; nothing of none.
  std::optional<double> key_bytes;
  std::optional<double> change_bytes;
  Summary encode_ms;  ///< from the values at the cut to packets, a frame at a time, on one thread
  Summary decode_ms;
  AccuracyReport accuracy;  ///< of the tail's answers beside the uncut network's
};

/// Sends the trial's samples as the frames of a film in their order, each crossing value through
/// the codec of its place. For kIntra, codecs have gop=1 (see with_gop()). Errors: those of streams
/// and packets, and the tail's.
Result<StreamScore> send_film(CutTrial& trial, std::span<const codec::Codec> codecs,
                              FrameCoding coding, Clock& clock);

/// Which packet goes missing.
struct Loss {
  std::size_t frame = 0;
  /// Frames that the encoder codes between the decoder's request for a key frame and its arrival.
  std::size_t request_frames = 0;
};

/// What a lost packet does to a stream whose decoder asks for a key frame once it notices.
struct Recovery {
  /// Frames without a tensor, from the lost one to the last before the key frame.
  std::size_t lost_frames = 0;
  std::size_t decoded_frames = 0;  ///< from the key frame on
  /// Of those, frames that are not, to the bit, what a decoder makes that saw nothing before.
  std::size_t differing_frames = 0;
  double key_bytes = 0;  ///< of the frame that mended it
};

/// Sends a film once more and loses the packets of one frame. Errors: kInvalidArgument for a frame
/// that the film lacks, or that it ends too soon after for a key frame to mend; those of streams.
Result<Recovery> lose_packet(const CutTrial& trial, std::span<const codec::Codec> codecs,
                             const Loss& loss);

/// A codec that ends in h264 or h265, with another distance of its key frames.
Result<std::string> with_gop(std::string_view spec, int gop);

}  // namespace cleave::study
