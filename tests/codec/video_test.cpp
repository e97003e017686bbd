#include "codec/video.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "codec/codec.h"
#include "codec/nal_units.h"
#include "codec/samples.h"

namespace cleave::codec {
namespace {

constexpr std::array kFormats{VideoFormat::kH264, VideoFormat::kH265};

VideoSettings settings_of(VideoFormat format, int qp) { return {format, qp, "medium", 1}; }

Tensor gradient(const Shape& shape) {
  Tensor picture(DType::kU8, shape);
  for (std::int64_t i = 0; i < picture.elements(); ++i) {
    picture.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(
        127.5 + 127.5 * std::sin(0.1 * double(i % shape[1]) + 0.2 * double(i / shape[1])));
  }
  return picture;
}

double mean_square_error(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i)
    sum += std::pow(double(a.as<std::uint8_t>()[i]) - b.as<std::uint8_t>()[i], 2);
  return sum / static_cast<double>(a.elements());
}

TEST(Units, AreSplitAtStartCodesOnly) {
  const auto units = split_units(VideoFormat::kH264,
                                 as_bytes(std::string_view("\0\0\0\1\x67"
                                                           "ab\0\0\1\x65\0\0\3\1\0\0\0\1\x0b\0",
                                                           21)));
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].role, UnitRole::kParameters);
  EXPECT_EQ(as_text(units[0].bytes),
            "\x67"
            "ab");
  EXPECT_EQ(units[1].role, UnitRole::kKeySlice);
  EXPECT_EQ(as_text(units[1].bytes), std::string_view("\x65\0\0\3\1", 5));
  EXPECT_EQ(units[2].role, UnitRole::kEnd);
  for (const auto text :
       {std::string_view(""), std::string_view("\0\0", 2), std::string_view("a\0\0\1b", 5)})
    EXPECT_TRUE(split_units(VideoFormat::kH265, as_bytes(text)).empty());
}

TEST(Video, APictureIsParameterSetsAndSlicesAlone) {
  for (const VideoFormat format : kFormats) {
    const Tensor picture = gradient({40, 50});
    const auto encoder = make_video_encoder(settings_of(format, 20), picture.shape());
    ASSERT_TRUE(encoder) << encoder.error().to_string();
    const auto coded = (*encoder)->encode(picture.bytes(), true);
    ASSERT_TRUE(coded) << coded.error().to_string();
    EXPECT_TRUE(coded->key);
    EXPECT_TRUE(is_picture(format, split_units(format, coded->units), true));
    EXPECT_FALSE(is_picture(format, split_units(format, coded->units), false));
  }
}

TEST(Video, SidesOfAnyLengthComeBack) {
  for (const VideoFormat format : kFormats) {
    for (const Shape& shape : {Shape{1, 1}, {1, 300}, {300, 1}, {16, 16}, {17, 31}, {65, 130}}) {
      const Tensor picture = gradient(shape);
      const auto encoder = make_video_encoder(settings_of(format, 8), shape);
      ASSERT_TRUE(encoder) << encoder.error().to_string();
      const auto coded = (*encoder)->encode(picture.bytes(), true);
      ASSERT_TRUE(coded) << coded.error().to_string();
      const auto decoder = make_video_decoder(format, shape);
      const auto decoded = (*decoder)->decode(coded->units, true);
      ASSERT_TRUE(decoded) << decoded.error().to_string();
      ASSERT_EQ(decoded->shape(), shape);
      EXPECT_LT(mean_square_error(*decoded, picture), 4) << shape_text(shape);
    }
  }
}

TEST(Video, QuantisationBuysFidelity) {
  const Tensor picture = sample(DType::kU8, {64, 96});
  for (const VideoFormat format : kFormats) {
    std::size_t bytes = 0;
    double error = 0;
    for (const int qp : {20, 28, 36, 44}) {
      const auto encoder = make_video_encoder(settings_of(format, qp), picture.shape());
      const auto coded = (*encoder)->encode(picture.bytes(), true);
      const auto decoder = make_video_decoder(format, picture.shape());
      const Tensor decoded = *(*decoder)->decode(coded->units, true);
      EXPECT_TRUE(bytes == 0 || coded->units.size() < bytes);
      EXPECT_GT(mean_square_error(decoded, picture), error);
      bytes = coded->units.size();
      error = mean_square_error(decoded, picture);
    }
  }
}

/// Blacks and whites beyond the range of television come back too.
TEST(Video, TheWholeRangeIsUsed) {
  for (const VideoFormat format : kFormats) {
    for (const int level : {0, 255}) {
      Tensor picture(DType::kU8, {32, 32});
      std::ranges::fill(picture.as<std::uint8_t>(), static_cast<std::uint8_t>(level));
      const auto encoder = make_video_encoder(settings_of(format, 26), picture.shape());
      const auto coded = (*encoder)->encode(picture.bytes(), true);
      const auto decoder = make_video_decoder(format, picture.shape());
      EXPECT_TRUE(same(*(*decoder)->decode(coded->units, true), picture)) << level;
    }
  }
}

TEST(Video, RefusesAPictureOfAnotherSize) {
  for (const VideoFormat format : kFormats) {
    const Tensor picture = gradient({64, 64});
    const auto encoder = make_video_encoder(settings_of(format, 26), picture.shape());
    const auto coded = (*encoder)->encode(picture.bytes(), true);
    for (const Shape& shape : {Shape{64, 80}, {16, 16}, {4096, 4096}}) {
      const auto decoder = make_video_decoder(format, shape);
      const auto decoded = (*decoder)->decode(coded->units, true);
      ASSERT_FALSE(decoded);
      EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
      EXPECT_NE(decoded.error().message.find("a picture of 64x64"), std::string::npos)
          << decoded.error().message;
    }
  }
}

TEST(Video, StagesRefuseMosaicsThatAreTooLarge) {
  const auto codec = Codec::create("tile|h264");
  const auto bound = codec->max_payload_bytes(DType::kU8, {65, 1100, 1100});
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(bound.error().message.find("expected sides up to 8192"), std::string::npos);
}

}  // namespace
}  // namespace cleave::codec
