#include "data/synthetic.h"

#include <algorithm>
#include <array>

#include "base/random.h"

namespace cleave::data {
namespace {

using Color = std::array<int, 3>;

constexpr int kShapes = 14;
constexpr int kGrain = 6;             // grain is -6..6
constexpr int kTextureStrength = 48;  // texture is -24..23

Color random_color(Random& random) {
  Color color;
  for (int& c : color) c = static_cast<int>(random.below(256));
  return color;
}

/// 0..255, a function of the lattice point alone.
int lattice(std::uint64_t seed, int x, int y) {
  return static_cast<int>(Random(seed ^ (std::uint64_t(x) << 32 | std::uint64_t(y))).next() >> 56);
}

/// Smooth noise 0..255: lattice values `step` pixels apart, interpolated.
int texture(std::uint64_t seed, int x, int y, int step) {
  const int u = x / step, v = y / step, fx = x % step, fy = y % step;
  const int top = lattice(seed, u, v) * (step - fx) + lattice(seed, u + 1, v) * fx;
  const int bottom = lattice(seed, u, v + 1) * (step - fx) + lattice(seed, u + 1, v + 1) * fx;
  return (top * (step - fy) + bottom * fy) / (step * step);
}

/// A disc or a box; coordinates in pixels.
struct Patch {
  bool disc;
  std::int64_t x, y, radius_x, radius_y;
  Color color;

  bool covers(int px, int py) const {
    const std::int64_t dx = px - x, dy = py - y;
    if (!disc) return std::abs(dx) <= radius_x && std::abs(dy) <= radius_y;
    return dx * dx + dy * dy <= radius_x * radius_x;
  }
};

std::vector<Patch> random_shapes(int width, int height, Random& random) {
  std::vector<Patch> shapes(kShapes);
  const std::uint64_t side = static_cast<std::uint64_t>(std::max(4, std::min(width, height)));
  const auto radius = [&] { return static_cast<std::int64_t>(side / 20 + random.below(side / 4)); };
  for (Patch& shape : shapes) {
    shape.disc = random.below(2) == 0;
    shape.x = static_cast<std::int64_t>(random.below(width));
    shape.y = static_cast<std::int64_t>(random.below(height));
    shape.radius_x = radius();
    shape.radius_y = radius();
    shape.color = random_color(random);
  }
  return shapes;
}

}  // namespace

Image synthetic_picture(int width, int height, std::uint64_t seed) {
  Random random(seed);
  const Color top = random_color(random), bottom = random_color(random);
  const std::vector<Patch> shapes = random_shapes(width, height, random);
  const std::uint64_t texture_seed = random.next();
  const int step = std::max(2, std::min(width, height) / 12);
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto shape = std::find_if(shapes.rbegin(), shapes.rend(),
                                      [&](const auto& s) { return s.covers(x, y); });
      const int change = (texture(texture_seed, x, y, step) - 128) * kTextureStrength / 256 +
                         static_cast<int>(random.below(2 * kGrain + 1)) - kGrain;
      for (int c = 0; c < 3; ++c) {
        const std::int64_t sky =
            (std::int64_t{top[c]} * (height - y) + std::int64_t{bottom[c]} * y) / height;
        const int base = shape == shapes.rend() ? static_cast<int>(sky) : shape->color[c];
        image.pixel(x, y)[c] = static_cast<std::uint8_t>(std::clamp(base + change, 0, 255));
      }
    }
  }
  return image;
}

}  // namespace cleave::data
