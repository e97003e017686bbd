#include "data/resize.h"

#include <algorithm>
#include <cmath>

namespace cleave::data {
namespace {

/// Weights are integers of this many fractional bits. A weight is at most 1 and a row's weights sum
/// to about 1, so that a sum of bytes times weights stays under 2^31.
constexpr int kWeightBits = 22;

/// The source pixels of one axis that make up output pixel i: `weights[i * taps ...]` from
/// `first[i]` on, `count[i]` of them.
struct Filter {
  std::size_t taps = 0;
  std::vector<int> first;
  std::vector<int> count;
  std::vector<std::int32_t> weights;
};

/// The triangle filter for output pixels [begin, begin + count) of an axis that goes from `in` to
/// `out` pixels.
Filter triangle_filter(int in, std::int64_t out, std::int64_t begin, int count) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double radius = std::max(scale, 1.0);
  Filter filter;
  filter.taps = 2 * static_cast<std::size_t>(std::ceil(radius)) + 1;
  filter.first.resize(count);
  filter.count.resize(count);
  filter.weights.assign(filter.taps * count, 0);
  std::vector<double> weights;
  for (int i = 0; i < count; ++i) {
    const double center = (static_cast<double>(begin + i) + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - radius + 0.5));
    const int last = std::min(in, static_cast<int>(center + radius + 0.5));
    weights.clear();
    double sum = 0;
    for (int x = first; x < last; ++x) {
      weights.push_back(std::max(0.0, 1.0 - std::abs(x + 0.5 - center) / radius));
      sum += weights.back();
    }
    filter.first[i] = first;
    filter.count[i] = last - first;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      filter.weights[filter.taps * i + k] =
          static_cast<std::int32_t>(weights[k] / sum * (1 << kWeightBits) + 0.5);
    }
  }
  return filter;
}

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

/// Resizes rows [y_begin, y_end) along x; the result holds those rows only.
Image filter_rows(const Image& image, const Filter& filter, int y_begin, int y_end) {
  Image out(static_cast<int>(filter.first.size()), y_end - y_begin);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const std::uint8_t* in = image.pixel(filter.first[x], y_begin + y);
      const std::int32_t* weights = &filter.weights[filter.taps * x];
      std::int32_t sum[3] = {1 << (kWeightBits - 1), 1 << (kWeightBits - 1),
                             1 << (kWeightBits - 1)};
      for (int k = 0; k < filter.count[x]; ++k) {
        for (int c = 0; c < 3; ++c) sum[c] += in[3 * k + c] * weights[k];
      }
      for (int c = 0; c < 3; ++c) out.pixel(x, y)[c] = to_byte(sum[c]);
    }
  }
  return out;
}

/// Resizes along y; `y_begin` is the source row that the picture's first row stands for.
Image filter_columns(const Image& image, const Filter& filter, int y_begin) {
  Image out(image.width, static_cast<int>(filter.first.size()));
  const std::size_t row_bytes = std::size_t{3} * image.width;
  std::vector<std::int32_t> sums(row_bytes);
  for (int y = 0; y < out.height; ++y) {
    std::ranges::fill(sums, 1 << (kWeightBits - 1));
    for (int k = 0; k < filter.count[y]; ++k) {
      const std::uint8_t* in = image.pixel(0, filter.first[y] - y_begin + k);
      const std::int32_t weight = filter.weights[filter.taps * y + k];
      for (std::size_t i = 0; i < row_bytes; ++i) sums[i] += in[i] * weight;
    }
    std::ranges::transform(sums, out.pixel(0, y), to_byte);
  }
  return out;
}

}  // namespace

Image resize_window(const Image& image, std::int64_t width, std::int64_t height,
                    const Window& window) {
  const Filter columns = triangle_filter(image.height, height, window.y, window.count_y);
  const int y_begin = columns.first.front();
  const int y_end = columns.first.back() + columns.count.back();
  const Filter rows = triangle_filter(image.width, width, window.x, window.count_x);
  return filter_columns(filter_rows(image, rows, y_begin, y_end), columns, y_begin);
}

Image resize(const Image& image, int width, int height) {
  return resize_window(image, width, height, {0, 0, width, height});
}

Window center_window(std::int64_t width, std::int64_t height, int count_x, int count_y) {
  const auto middle = [](std::int64_t whole, int part) {
    // nearbyint takes halves to the even neighbour.
    return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(whole - part) / 2));
  };
  return {middle(width, count_x), middle(height, count_y), count_x, count_y};
}

Image center_crop(const Image& image, int width, int height) {
  const Window window = center_window(image.width, image.height, width, height);
  Image out(width, height);
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* in =
        image.pixel(static_cast<int>(window.x), static_cast<int>(window.y) + y);
    std::copy_n(in, std::size_t{3} * width, out.pixel(0, y));
  }
  return out;
}

}  // namespace cleave::data
