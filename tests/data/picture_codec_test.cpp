#include "data/picture_codec.h"

#include <gtest/gtest.h>

#include "data/synthetic.h"

namespace cleave::data {
namespace {

Error error_of(std::string_view spec) { return PictureCodec::parse(spec).error(); }

TEST(PictureCodec, SpellsOutItsSettings) {
  EXPECT_EQ(PictureCodec().spec(), "jpeg:q=85");
  const auto spec_of = [](std::string_view spec) { return PictureCodec::parse(spec)->spec(); };
  EXPECT_EQ(spec_of("jpeg"), "jpeg:q=85");
  EXPECT_EQ(spec_of("webp:q=3"), "webp:mode=lossy,q=3");
  EXPECT_EQ(spec_of("webp:mode=lossless"), "webp:mode=lossless");
  EXPECT_EQ(spec_of("png"), "png");
  EXPECT_EQ(spec_of("h264:preset=fast"), "h264:qp=26,preset=fast");
  for (const PictureKind& kind : picture_kinds()) {
    const std::string spec = spec_of(kind.name);
    EXPECT_EQ(spec_of(spec), spec);
  }
}

TEST(PictureCodec, SaysWhatIsWrong) {
  EXPECT_EQ(error_of("gif").code, ErrorCode::kInvalidArgument);
  EXPECT_NE(error_of("gif").message.find("jpeg, webp, png, h264"), std::string::npos)
      << error_of("gif").message;
  for (const char* spec :
       {"jpeg:q=101", "jpeg:quality=85", "webp:mode=lossless,q=3", "webp:mode=little", "png:q=1",
        "h264:gop=2", "h264:preset=x", "", "png|png"})
    EXPECT_EQ(error_of(spec).code, ErrorCode::kInvalidArgument) << spec;
}

TEST(PictureCodec, DecodesToThePicture) {
  const Image image = synthetic_picture(48, 32, 3);
  for (const PictureKind& kind : picture_kinds()) {
    SCOPED_TRACE(kind.name);
    const auto coded = PictureCodec::parse(kind.name)->encode(image);
    if (!coded && coded.error().code == ErrorCode::kUnsupported) continue;
    ASSERT_TRUE(coded) << coded.error().to_string();
    const auto decoded = decode_image(*coded);
    ASSERT_TRUE(decoded) << decoded.error().to_string();
    EXPECT_EQ(decoded->width, 48);
    EXPECT_EQ(decoded->height, 32);
  }
  for (const char* lossless : {"png", "webp:mode=lossless"})
    EXPECT_EQ(decode_image(*PictureCodec::parse(lossless)->encode(image)), image) << lossless;
}

}  // namespace
}  // namespace cleave::data
