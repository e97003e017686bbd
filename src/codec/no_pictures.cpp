// Stands for png.cpp, jpeg.cpp and webp.cpp in a build without picture libraries
// (CLEAVE_PICTURES=OFF).
#include "codec/stages.h"

namespace cleave::codec {
namespace {

std::unexpected<Error> not_built(std::string_view stage) {
  return fail(ErrorCode::kUnsupported, "codec." + std::string(stage),
              "this build has no picture codecs");
}

}  // namespace

StageResult make_png(const Spec&, const Json&) { return not_built("png"); }
StageResult make_jpeg(const Spec&, const Json&) { return not_built("jpeg"); }
StageResult make_webp(const Spec&, const Json&) { return not_built("webp"); }

}  // namespace cleave::codec
