#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
}

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/video.h"

/// What encoders and decoders share of libavcodec.
namespace cleave::codec {

struct FreeAv {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};
template <class T>
using AvPointer = std::unique_ptr<T, FreeAv>;

/// libavcodec writes to stderr, and only the process as a whole can stop it.
inline void silence_libav() {
  static const bool kSilent = (av_log_set_level(AV_LOG_QUIET), true);
  static_cast<void>(kSilent);
}

inline std::unexpected<Error> libav_error(ErrorCode code, std::string_view what, int status,
                                          std::string_view place = "codec.video") {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(status, text, sizeof text);
  return fail(code, place, std::string(what) + ": libavcodec says: " + text);
}

/// An encoder of x264 or x265 that holds no picture back, for pictures of this size and pixel
/// format, of full range. kUnsupported where it is not installed.
Result<AvPointer<AVCodecContext>> open_encoder(const VideoSettings& settings, int width, int height,
                                               AVPixelFormat pixels);

/// Codes the frame and takes the packet that it became. The frame's number (pts) goes up.
Result<void> encode_frame(AVCodecContext& encoder, AVFrame& frame, bool as_key, AVPacket& packet);

/// A frame for the encoder to read, with its own samples.
Result<AvPointer<AVFrame>> make_frame(const AVCodecContext& encoder);

/// A decoder that is not open yet: one thread, and broken pictures are errors. kUnsupported where
/// libavcodec lacks it.
Result<AvPointer<AVCodecContext>> new_decoder(VideoFormat format);

/// Bounds what a decoder holds: frames over a number, or of another size than the one expected, are
/// refused when memory is asked for. Outlives the decoder and its frames.
class FrameBudget {
 public:
  /// A side of 0 may be anything.
  FrameBudget(int max_frames, int height, int width)
      : max_frames_(max_frames), height_(height), width_(width) {}
  FrameBudget(const FrameBudget&) = delete;
  FrameBudget& operator=(const FrameBudget&) = delete;
  /// To be called before the decoder is opened.
  void guard(AVCodecContext& decoder);

 private:
  static int take(AVCodecContext* decoder, AVFrame* frame, int flags);
  static void give_back(void* budget, std::uint8_t*);

  int max_frames_;
  int height_;
  int width_;
  int held_ = 0;
  std::uint8_t anchor_ = 0;
};

/// Copies bytes into a packet that holds nothing.
Result<void> fill_packet(std::span<const std::byte> bytes, AVPacket& packet);

/// The parser's word on the size of coded pictures, before a decoder makes tables for it: rows and
/// columns of samples in whole blocks.
struct CodedSize {
  int height = 0;
  int width = 0;
};
Result<CodedSize> coded_size(AVCodecContext& decoder, const AVPacket& packet);

/// A side in whole macroblocks.
inline int coded_side(std::int64_t side) {
  constexpr std::int64_t kBlock = 16;
  return static_cast<int>((side + kBlock - 1) / kBlock * kBlock);
}

}  // namespace cleave::codec
