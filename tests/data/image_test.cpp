#include "data/image.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "data/synthetic.h"
#include "pictures.h"

namespace cleave::data {
namespace {

double psnr_db(const Image& a, const Image& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i)
    squares += std::pow(double(a.rgb[i]) - b.rgb[i], 2);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.rgb.size()) / squares);
}

TEST(Image, PngRoundTripIsExact) {
  for (const auto& [w, h] : {std::pair{1, 1}, {9, 7}, {64, 3}}) {
    const Image image = formula_picture(w, h);
    EXPECT_EQ(decode_image(encode_png(image).value()).value(), image);
  }
}

TEST(Image, JpegQualityBuysFidelity) {
  const Image image = synthetic_picture(160, 120, 1);
  const auto small = encode_jpeg(image, 30).value();
  const auto large = encode_jpeg(image, 95).value();
  EXPECT_LT(small.size(), large.size());
  const double small_db = psnr_db(decode_image(small).value(), image);
  const double large_db = psnr_db(decode_image(large).value(), image);
  EXPECT_GT(small_db, 22);
  EXPECT_GT(large_db, small_db + 3);
}

TEST(Image, JpegQualityIsChecked) {
  const Image image(8, 8);
  EXPECT_FALSE(encode_jpeg(image, 0));
  EXPECT_EQ(encode_jpeg(image, 101).error().message, "JPEG quality is 101, expected 1 to 100");
}

TEST(Image, EveryPngKindBecomesRgb) {
  EXPECT_EQ(load_image(corpus("rgb.png")).value(), formula_picture(9, 7));
  const Image gray = load_image(corpus("gray.png")).value();
  EXPECT_EQ(gray.pixel(4, 3)[0], gray.pixel(4, 3)[2]);
  EXPECT_EQ(load_image(corpus("palette.png"))->width, 9);
  // The 16-bit sample at (4, 3) is 32240: 125.4 of 255.
  EXPECT_EQ(load_image(corpus("gray16.png"))->pixel(4, 3)[1], 125);
  // Alpha is 0 in the first corner: white shows. In the last it is 248 of 255.
  const Image alpha = load_image(corpus("alpha.png")).value();
  EXPECT_EQ(alpha.pixel(0, 0)[0], 255);
  EXPECT_NEAR(alpha.pixel(8, 6)[0], formula_picture(9, 7).pixel(8, 6)[0], 8);
}

TEST(Image, EveryJpegKindShowsTheSamePicture) {
  const Image original = formula_picture(20, 18);
  for (const char* file : {"baseline.jpg", "progressive.jpg", "full_chroma.jpg", "cmyk.jpg"}) {
    const Image image = load_image(corpus(file)).value();
    ASSERT_EQ(image.width, 20) << file;
    ASSERT_EQ(image.height, 18) << file;
    EXPECT_GT(psnr_db(image, original), 12) << file;
  }
  const Image gray = load_image(corpus("gray.jpg")).value();
  EXPECT_EQ(gray.pixel(5, 5)[0], gray.pixel(5, 5)[1]);
}

TEST(Image, LosslessWebPRoundTripIsExact) {
  for (const auto& [w, h] : {std::pair{1, 1}, {9, 7}, {64, 3}}) {
    const Image image = formula_picture(w, h);
    EXPECT_EQ(decode_image(encode_webp_lossless(image).value()).value(), image);
  }
}

TEST(Image, WebPQualityBuysFidelity) {
  const Image image = synthetic_picture(160, 120, 1);
  const auto small = encode_webp(image, 0).value();
  const auto large = encode_webp(image, 95).value();
  EXPECT_LT(small.size(), large.size());
  const double small_db = psnr_db(decode_image(small).value(), image);
  const double large_db = psnr_db(decode_image(large).value(), image);
  EXPECT_GT(small_db, 20);
  EXPECT_GT(large_db, small_db + 3);
}

TEST(Image, WebPRefusesWhatItCannotHold) {
  EXPECT_EQ(encode_webp(Image(8, 8), 101).error().message,
            "WebP quality is 101, expected 0 to 100");
  EXPECT_FALSE(encode_webp(Image(8, 8), -1));
  EXPECT_TRUE(encode_webp(Image(16383, 1), 0));
  EXPECT_EQ(encode_webp_lossless(Image(16384, 1)).error().to_string(),
            "[data.encode] WebP of 16384x1 pixels, expected sides up to 16383");
}

TEST(Image, TransparentWebPIsLaidOverWhite) {
  const Image alpha = load_image(corpus("alpha.webp")).value();
  EXPECT_EQ(alpha.pixel(0, 0)[0], 255);
  EXPECT_NEAR(alpha.pixel(8, 6)[0], formula_picture(9, 7).pixel(8, 6)[0], 8);
  EXPECT_EQ(load_image(corpus("animation.webp")).error().code, ErrorCode::kCorrupt);
}

TEST(Image, SaysWhatItFoundInstead) {
  const Error gif = decode_image(as_bytes("GIF89a and more")).error();
  EXPECT_EQ(gif.to_string(),
            "[data.decode] found 15 bytes that start with 47 49 46 38, expected a JPEG (ff d8 ff), "
            "a PNG (89 50 4e 47), a WebP (52 49 46 46) or H.264 (00 00 00 01)");
  EXPECT_EQ(gif.code, ErrorCode::kNotThisFormat);
  EXPECT_EQ(decode_image({}).error().code, ErrorCode::kNotThisFormat);
  const Error missing = load_image("/nowhere/photo.jpg").error();
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  const Error named = load_image(corpus("not_a_picture")).error();
  EXPECT_NE(named.message.find("not_a_picture': found 6 bytes"), std::string::npos)
      << named.message;
}

TEST(Image, PixelsAreBounded) {
  const auto png = encode_png(Image(100, 100)).value();
  const auto jpeg = encode_jpeg(Image(100, 100), 50).value();
  const auto webp = encode_webp(Image(100, 100), 50).value();
  for (const auto& bytes : {png, jpeg, webp}) {
    EXPECT_TRUE(decode_image(bytes, 10000));
    EXPECT_EQ(decode_image(bytes, 9999).error().code, ErrorCode::kResourceExhausted);
  }
}

TEST(Image, EveryTruncationIsAnError) {
  const Image image = formula_picture(20, 18);
  const auto png = encode_png(image).value();
  const auto jpeg = encode_jpeg(image, 80).value();
  for (std::size_t n = 0; n < png.size() - 12; ++n)
    EXPECT_FALSE(decode_image(std::span(png).first(n))) << n;
  // The last two bytes of a JPEG only say that it ends.
  for (std::size_t n = 0; n < jpeg.size() - 2; ++n)
    EXPECT_FALSE(decode_image(std::span(jpeg).first(n))) << n;
  for (const auto& webp : {encode_webp(image, 80).value(), encode_webp_lossless(image).value()}) {
    for (std::size_t n = 0; n < webp.size(); ++n)
      EXPECT_FALSE(decode_image(std::span(webp).first(n))) << n;
    EXPECT_EQ(decode_image(std::span(webp).first(webp.size() / 2)).error().code,
              ErrorCode::kNeedMoreBytes);
  }
  EXPECT_EQ(decode_image(std::span(jpeg).first(jpeg.size() * 9 / 10)).error().code,
            ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(decode_image(std::span(png).first(png.size() / 2)).error().code,
            ErrorCode::kNeedMoreBytes);
}

// The sums are of what Pillow decodes, lossless formats only: JPEG decoders may differ in the last
// bit.
TEST(Image, RealPhotographsDecodeAsElsewhere) {
  CLEAVE_NEEDS_DATA();
  const auto photos = data_folder() / "photos";
  EXPECT_EQ(pixels_sha256(load_image(photos / "imageio_astronaut.png").value()),
            "a8c429c18afa7b0fd5673e598d73a21225d94c864a71bbb3885126fdecb41071");
  EXPECT_EQ(pixels_sha256(load_image(photos / "kodak-gray256/kodim01.png").value()),
            "c7f4a269f78a89085625b89c513e3aab1873ff70b8e6c07a27de2350385ea9bc");
  const Image dog = load_image(photos / "darknet_dog.jpg").value();
  EXPECT_EQ(dog.width, 768);
  EXPECT_NEAR(dog.pixel(200, 100)[0], 173, 2);
  EXPECT_NEAR(dog.pixel(200, 100)[2], 177, 2);
}

TEST(SyntheticPicture, IsTheSameForTheSameSeed) {
  const Image image = synthetic_picture(64, 48, 7);
  EXPECT_EQ(image, synthetic_picture(64, 48, 7));
  EXPECT_NE(image, synthetic_picture(64, 48, 8));
  EXPECT_EQ(synthetic_picture(1, 1, 7).rgb.size(), 3u);
}

TEST(SyntheticPicture, CompressesLikeAPhotograph) {
  // Photographs at quality 85 take about 1 to 3 bits a pixel; noise takes over 6, a flat area under
  // 0.3.
  const Image image = synthetic_picture(224, 224, 3);
  const double bits_per_pixel =
      8.0 * static_cast<double>(encode_jpeg(image, 85)->size()) / (224 * 224);
  EXPECT_GT(bits_per_pixel, 0.7);
  EXPECT_LT(bits_per_pixel, 4);
}

}  // namespace
}  // namespace cleave::data
