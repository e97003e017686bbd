#include "data/yuv.h"

#include <algorithm>

namespace cleave::data {
namespace {

/// Weights of red and blue in luma; green has the rest. ITU-R BT.601 and BT.709.
struct Weights {
  float red, blue;
};
constexpr Weights kBt601{0.299F, 0.114F};
constexpr Weights kBt709{0.2126F, 0.0722F};

/// What stands before chroma in each colour.
struct Factors {
  float red_of_cr, green_of_cr, green_of_cb, blue_of_cb;
};

constexpr Factors factors_of(const Weights& w) {
  const float green = 1 - w.red - w.blue;
  return {2 * (1 - w.red), 2 * (1 - w.red) * w.red / green, 2 * (1 - w.blue) * w.blue / green,
          2 * (1 - w.blue)};
}

}  // namespace

std::uint8_t to_sample(float value) {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
}

Image to_rgb(const YuvPicture& picture) {
  const Factors f = factors_of(picture.matrix == YuvMatrix::kBt709 ? kBt709 : kBt601);
  const float luma_scale = picture.full_range ? 1.0F : 255.0F / 219;
  const float chroma_scale = picture.full_range ? 1.0F : 255.0F / 224;
  const float black = picture.full_range ? 0.0F : 16.0F;
  Image image(picture.width, picture.height);
  for (int y = 0; y < picture.height; ++y) {
    const std::uint8_t* luma = picture.luma.samples + y * picture.luma.stride;
    const int chroma_y = y >> picture.chroma_shift_y;
    for (int x = 0; x < picture.width; ++x) {
      float b = 0;
      float r = 0;
      if (picture.cb.samples != nullptr) {
        const int chroma_x = x >> picture.chroma_shift_x;
        b = (static_cast<float>(picture.cb.samples[chroma_y * picture.cb.stride + chroma_x]) -
             128) *
            chroma_scale;
        r = (static_cast<float>(picture.cr.samples[chroma_y * picture.cr.stride + chroma_x]) -
             128) *
            chroma_scale;
      }
      const float grey = (static_cast<float>(luma[x]) - black) * luma_scale;
      std::uint8_t* rgb = image.pixel(x, y);
      rgb[0] = to_sample(grey + f.red_of_cr * r);
      rgb[1] = to_sample(grey - f.green_of_cb * b - f.green_of_cr * r);
      rgb[2] = to_sample(grey + f.blue_of_cb * b);
    }
  }
  return image;
}

Yuv to_yuv(const std::uint8_t* rgb) {
  const auto r = static_cast<float>(rgb[0]);
  const auto b = static_cast<float>(rgb[2]);
  const float luma = kBt601.red * r + (1 - kBt601.red - kBt601.blue) * rgb[1] + kBt601.blue * b;
  return {luma, (b - luma) / (2 * (1 - kBt601.blue)) + 128,
          (r - luma) / (2 * (1 - kBt601.red)) + 128};
}

}  // namespace cleave::data
