// Stands for video.cpp and what it calls in a build without libavcodec (CLEAVE_VIDEO=OFF).
#include "codec/stages.h"
#include "codec/video.h"

namespace cleave::codec {
namespace {

std::unexpected<Error> not_built() {
  return fail(ErrorCode::kUnsupported, "codec.video", "this build has no video codecs");
}

}  // namespace

StageResult make_video(const Spec&, const Json&) { return not_built(); }

Result<std::unique_ptr<VideoEncoder>> make_video_encoder(const VideoSettings&, const Shape&) {
  return not_built();
}

Result<std::unique_ptr<VideoDecoder>> make_video_decoder(VideoFormat, const Shape&) {
  return not_built();
}

}  // namespace cleave::codec
