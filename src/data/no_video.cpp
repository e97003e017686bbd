// Stands for h264.cpp and picture_decoder.cpp in a build without libavcodec (CLEAVE_VIDEO=OFF).
#include "data/formats.h"
#include "data/picture_decoder.h"

namespace cleave::data {
namespace {

std::unexpected<Error> not_built() {
  return fail(ErrorCode::kUnsupported, "data.video", "this build has no video codecs");
}

}  // namespace

bool is_h264(std::span<const std::byte>) { return false; }

Result<Image> decode_h264(std::span<const std::byte>, std::int64_t) { return not_built(); }

Result<std::vector<std::byte>> encode_h264(const Image&, int, const std::string&) {
  return not_built();
}

Result<std::unique_ptr<PictureDecoder>> make_picture_decoder(const PictureDecoder::Settings&) {
  return not_built();
}

}  // namespace cleave::data
