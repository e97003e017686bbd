#pragma once

#include <cstddef>
#include <cstdint>

#include "data/image.h"

/// Luma and chroma of 8 bits a sample, and the way to RGB and back.
namespace cleave::data {

/// Rows of samples, `stride` bytes from one to the next; null samples: there is no such plane.
struct SamplePlane {
  const std::uint8_t* samples = nullptr;
  std::ptrdiff_t stride = 0;
};

/// How red, green and blue are weighted.
enum class YuvMatrix { kBt601, kBt709 };

/// A picture as films hold it; the samples are somebody else's. The pixel at x, y has the chroma
/// sample at x >> chroma_shift_x, y >> chroma_shift_y.
struct YuvPicture {
  int width = 0;
  int height = 0;
  SamplePlane luma{};
  SamplePlane cb{};  ///< none, and no cr either: a grey picture
  SamplePlane cr{};
  int chroma_shift_x = 0;
  int chroma_shift_y = 0;
  bool full_range = false;  ///< else studio range: luma from 16 to 235, chroma 224 steps around 128
  YuvMatrix matrix = YuvMatrix::kBt601;
};

/// Thread-safe.
Image to_rgb(const YuvPicture& picture);

/// Luma, blue and red difference of a pixel in full range by BT.601.
struct Yuv {
  float luma, cb, cr;
};
Yuv to_yuv(const std::uint8_t* rgb);

/// The nearest sample.
std::uint8_t to_sample(float value);

}  // namespace cleave::data
