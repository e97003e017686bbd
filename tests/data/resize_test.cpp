// The expected pixels were made with Pillow 11's Image.resize(..., BILINEAR) from the same formula.
#include "data/resize.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "pictures.h"

namespace cleave::data {
namespace {

TEST(Resize, ShrinksLikePillow) {
  const std::vector<std::uint8_t> expected{
      42,  10, 14, 71,  46, 39,  103, 127, 67,  135, 115, 93,  164, 139, 103,
      92,  14, 39, 121, 50, 111, 153, 131, 150, 185, 119, 134, 199, 143, 131,
      148, 18, 68, 177, 54, 149, 200, 135, 118, 167, 123, 136, 82,  147, 127,
      198, 22, 92, 198, 58, 134, 113, 139, 138, 55,  127, 131, 64,  151, 133};
  EXPECT_EQ(resize(formula_picture(23, 17), 5, 4).rgb, expected);
}

TEST(Resize, GrowsLikePillow) {
  const std::vector<std::uint8_t> expected{3,  0,  0,  14, 4,  0,  25, 13, 0,  10, 1,  1,  21, 5,
                                           3,  32, 14, 6,  18, 1,  1,  29, 5,  7,  40, 14, 13, 27,
                                           2,  3,  38, 6,  11, 49, 15, 19, 36, 3,  4,  47, 7,  15,
                                           58, 16, 27, 42, 3,  4,  53, 7,  18, 64, 16, 32};
  EXPECT_EQ(resize(formula_picture(5, 4), 3, 6).rgb, expected);
}

TEST(Resize, LargerPicturesLikePillow) {
  EXPECT_EQ(pixels_sha256(resize(formula_picture(300, 200), 97, 131)),
            "9a0a1c6509ded22da87c294b69bd16f81bb6a0705f751da6d2c85b91a3f2a846");
  EXPECT_EQ(pixels_sha256(resize(formula_picture(64, 48), 224, 224)),
            "dee38017cdaeb6f382170ce157edd666ee21699204cbefc25b5663ad1718a56c");
  EXPECT_EQ(pixels_sha256(resize(formula_picture(451, 300), 32, 32)),
            "2c65af796f282dc07745c9858a3e0ffa907c221f73a1471b9a0190ce5dac2778");
}

TEST(Resize, SameSizeChangesNothing) {
  const Image image = formula_picture(31, 9);
  EXPECT_EQ(resize(image, 31, 9), image);
}

RC_GTEST_PROP(ResizeWindow, IsThatPartOfTheWhole, ()) {
  const Image image = formula_picture(*rc::gen::inRange(1, 40), *rc::gen::inRange(1, 40));
  const int width = *rc::gen::inRange(1, 60), height = *rc::gen::inRange(1, 60);
  const int count_x = *rc::gen::inRange(1, width + 1), count_y = *rc::gen::inRange(1, height + 1);
  const Image part =
      resize_window(image, width, height, center_window(width, height, count_x, count_y));
  RC_ASSERT(part == center_crop(resize(image, width, height), count_x, count_y));
}

TEST(ResizeWindow, ThinPicturesCostNoMemory) {
  // Shorter side 1 brought to 256 makes this 25.6 million pixels wide.
  const Image thin = formula_picture(100000, 1);
  const Image part = resize_window(thin, 25'600'000, 256, center_window(25'600'000, 256, 224, 224));
  EXPECT_EQ(part.width, 224);
  EXPECT_NEAR(part.pixel(0, 0)[0], thin.pixel(50000, 0)[0], 7);
}

TEST(CenterCrop, HalvesGoToTheEvenSide) {
  const Image image = formula_picture(7, 5);
  const Image crop = center_crop(image, 4, 4);  // offsets 1.5 and 0.5 become 2 and 0
  EXPECT_EQ(crop.pixel(0, 0)[0], image.pixel(2, 0)[0]);
  EXPECT_EQ(crop.pixel(3, 3)[2], image.pixel(5, 3)[2]);
}

}  // namespace
}  // namespace cleave::data
