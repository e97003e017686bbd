#include "data/preprocess.h"

#include <gtest/gtest.h>

#include "data/resize.h"
#include "pictures.h"

namespace cleave::data {
namespace {

Preprocess parsed(std::string_view spec) { return Preprocess::parse(spec).value(); }

TEST(Preprocess, SpecIsCanonical) {
  const std::pair<const char*, const char*> cases[] = {
      {"image:size=224,resize=256,mean=imagenet,layout=nchw,color=rgb",
       "image:size=224,resize=256,mean=imagenet,layout=nchw,color=rgb"},
      {"image:size=32x32", "image:size=32,mean=none,layout=nchw,color=rgb"},
      {"image:color=bgr,mean=127/127/127,size=240x320,std=128/128/128,scale=1",
       "image:size=240x320,scale=1,mean=127/127/127,std=128/128/128,layout=nchw,color=bgr"},
      {"image:size=28,color=gray,mean=0.286,std=0.353,layout=nhwc",
       "image:size=28,mean=0.286,std=0.353,layout=nhwc,color=gray"},
      {"image:size=8,mean=imagenet,std=none,color=bgr",
       "image:size=8,mean=imagenet,std=none,layout=nchw,color=bgr"},
      {"image:size=8,mean=0.485/0.456/0.406,std=0.229/0.224/0.225",
       "image:size=8,mean=imagenet,layout=nchw,color=rgb"},
      {"image:size=8,scale=1/127.5,mean=1/1/1",
       "image:size=8,scale=0.00784313725490196,mean=1/1/1,layout=nchw,color=rgb"},
  };
  for (const auto& [given, canonical] : cases) {
    const Preprocess p = parsed(given);
    EXPECT_EQ(p.spec(), canonical);
    EXPECT_EQ(parsed(p.spec()), p) << given;
  }
}

TEST(Preprocess, RefusesNonsense) {
  for (const char* bad : {"image",
                          "photo:size=8",
                          "image:size=0",
                          "image:size=8x",
                          "image:size=8x8x8",
                          "image:size=9999",
                          "image:size=-8",
                          "image:size=8,resize=7",
                          "image:size=8x10,resize=9",
                          "image:size=8,resize=8.5",
                          "image:size=8,mean=1/2",
                          "image:size=8,mean=a/b/c",
                          "image:size=8,mean=nan/1/1",
                          "image:size=8,std=0/1/1",
                          "image:size=8,std=-1/1/1",
                          "image:size=8,scale=0",
                          "image:size=8,scale=1/0",
                          "image:size=8,scale=1/2/3",
                          "image:size=8,layout=hwc",
                          "image:size=8,color=yuv",
                          "image:size=8,colour=rgb",
                          "image:size=8,color=gray,mean=imagenet",
                          "image:size=8,color=gray,mean=1/2/3",
                          "image:size=8|zstd"}) {
    EXPECT_FALSE(Preprocess::parse(bad)) << bad;
  }
  EXPECT_EQ(Preprocess::parse("image:size=8,color=yuv").error().message,
            "unknown color 'yuv', expected one of rgb, bgr, gray");
  EXPECT_EQ(Preprocess::parse("image:size=big").error().message,
            "image: size is 'big', expected N or HxW, each from 1 to 8192");
}

Image one_pixel() {
  Image image(1, 1);
  image.rgb = {255, 51, 0};
  return image;
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.as<float>().begin(), tensor.as<float>().end()};
}

TEST(Preprocess, NormalisesEachChannel) {
  const auto rgb = values(parsed("image:size=1,mean=imagenet").apply(one_pixel()));
  EXPECT_FLOAT_EQ(rgb[0], (1 - 0.485) / 0.229);
  EXPECT_FLOAT_EQ(rgb[1], (0.2 - 0.456) / 0.224);
  EXPECT_FLOAT_EQ(rgb[2], (0 - 0.406) / 0.225);
  const auto bgr = values(parsed("image:size=1,mean=imagenet,color=bgr").apply(one_pixel()));
  EXPECT_EQ(bgr, (std::vector<float>{rgb[2], rgb[1], rgb[0]}));
  EXPECT_EQ(values(parsed("image:size=1,scale=1,mean=1/2/3,color=bgr").apply(one_pixel())),
            (std::vector<float>{-1, 49, 252}));
  // 0.299 * 255 + 0.587 * 51 = 106.2
  EXPECT_EQ(values(parsed("image:size=1,scale=1,color=gray").apply(one_pixel())),
            std::vector<float>{106});
}

TEST(Preprocess, LayoutsHoldTheSameValues) {
  const Image image = formula_picture(6, 5);
  const Tensor planes = parsed("image:size=5x6").apply(image);
  const Tensor pixels = parsed("image:size=5x6,layout=nhwc").apply(image);
  EXPECT_EQ(planes.shape(), (Shape{1, 3, 5, 6}));
  EXPECT_EQ(pixels.shape(), (Shape{1, 5, 6, 3}));
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(planes.as<float>()[c * 30 + i], pixels.as<float>()[i * 3 + c]);
      EXPECT_EQ(pixels.as<float>()[i * 3 + c], static_cast<float>(image.rgb[i * 3 + c] / 255.0));
    }
  }
}

TEST(Preprocess, AppliesToItsOwnPictureUnchanged) {
  for (const char* spec : {"image:size=24x16,resize=30", "image:size=24x16"}) {
    const Preprocess p = parsed(spec);
    const Image image = formula_picture(50, 40);
    const Image picture = p.picture(image);
    EXPECT_EQ(picture.width, 16);
    EXPECT_EQ(picture.height, 24);
    EXPECT_EQ(p.picture(picture), picture);
    EXPECT_EQ(values(p.apply(picture)), values(p.apply(image)));
  }
}

TEST(Preprocess, ResizeKeepsProportionsAndItsAbsenceStretches) {
  const Image image = formula_picture(40, 20);
  EXPECT_EQ(parsed("image:size=8,resize=10").picture(image),
            center_crop(resize(image, 20, 10), 8, 8));
  EXPECT_EQ(parsed("image:size=8").picture(image), resize(image, 8, 8));
}

TEST(Preprocess, GuessesFromTheShape) {
  const auto guess = [](Shape shape, DType dtype = DType::kF32) {
    const auto p = Preprocess::guess({"input", dtype, std::move(shape)});
    return p ? p->spec() : "none";
  };
  EXPECT_EQ(guess({1, 3, 224, 224}),
            "image:size=224,resize=256,mean=imagenet,layout=nchw,color=rgb");
  EXPECT_EQ(guess({-1, 3, 32, 32}), "image:size=32,mean=imagenet,layout=nchw,color=rgb");
  EXPECT_EQ(guess({1, 257, 257, 3}),
            "image:size=257,mean=0.5/0.5/0.5,std=0.5/0.5/0.5,layout=nhwc,color=rgb");
  EXPECT_EQ(guess({1, 1, 28, 28}), "image:size=28,mean=none,layout=nchw,color=gray");
  EXPECT_EQ(guess({1, 28, 28, 1}), "image:size=28,mean=none,layout=nhwc,color=gray");
  EXPECT_EQ(guess({2, 3, 224, 224}), "none");
  EXPECT_EQ(guess({1, 3, -1, 224}), "none");
  EXPECT_EQ(guess({1, 4, 224, 224}), "none");
  EXPECT_EQ(guess({1, 1000}), "none");
  EXPECT_EQ(guess({1, 3, 224, 224}, DType::kU8), "none");
  EXPECT_EQ(guess({1, 3, 100000, 224}), "none");
}

// Made with Pillow: shorter side to 256 (BILINEAR), centre crop 224, ImageNet normalisation.
TEST(Preprocess, RealPhotographAsElsewhere) {
  CLEAVE_NEEDS_DATA();
  const Image cat = load_image(data_folder() / "photos/imageio_chelsea.png").value();
  const Preprocess p = parsed("image:size=224,resize=256,mean=imagenet,layout=nchw,color=rgb");
  EXPECT_EQ(pixels_sha256(p.picture(cat)),
            "d2380d7104e4d7d5ba262b5731ac6b0fa74c50f04e93471053462f00c462c25f");
  const Tensor tensor = p.apply(cat);
  const auto at = [&](int c, int y, int x) { return tensor.as<float>()[(c * 224 + y) * 224 + x]; };
  EXPECT_NEAR(at(0, 10, 20), 0.19393783714359114, 1e-6);
  EXPECT_NEAR(at(1, 100, 50), -1.0203081232492999, 1e-6);
  EXPECT_NEAR(at(2, 223, 223), 0.7750762527233116, 1e-6);
}

}  // namespace
}  // namespace cleave::data
