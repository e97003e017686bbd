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

/// What encoder and decoder share of libavcodec.
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

inline std::unexpected<Error> libav_error(ErrorCode code, std::string_view what, int status) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(status, text, sizeof text);
  return fail(code, "codec.video", std::string(what) + ": libavcodec says: " + text);
}

/// A side in whole macroblocks.
inline int coded_side(std::int64_t side) {
  constexpr std::int64_t kBlock = 16;
  return static_cast<int>((side + kBlock - 1) / kBlock * kBlock);
}

}  // namespace cleave::codec
