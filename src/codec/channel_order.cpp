#include "codec/channel_order.h"

#include <algorithm>
#include <cmath>

namespace cleave::codec {
namespace {

/// Channels are compared in pictures of at most so many cells each way.
constexpr std::int64_t kCells = 16;

}  // namespace

bool is_order(std::span<const std::uint16_t> order, std::int64_t channels) {
  if (static_cast<std::int64_t>(order.size()) != channels) return false;
  std::vector<bool> seen(order.size());
  for (const std::uint16_t channel : order) {
    if (channel >= order.size() || seen[channel]) return false;
    seen[channel] = true;
  }
  return true;
}

ChannelLikeness::ChannelLikeness(const Mosaic& mosaic)
    : mosaic_(mosaic),
      channels_(static_cast<std::size_t>(mosaic.channels)),
      cells_high_(static_cast<std::size_t>(std::min(mosaic.plane_height, kCells))),
      cells_wide_(static_cast<std::size_t>(std::min(mosaic.plane_width, kCells))),
      sums_(channels_),
      products_(channels_ * channels_) {}

void ChannelLikeness::add(std::span<const float> values) {
  const auto height = static_cast<std::size_t>(mosaic_.plane_height);
  const auto width = static_cast<std::size_t>(mosaic_.plane_width);
  std::vector<float> cells(channels_ * cells_high_ * cells_wide_);
  const std::size_t group = channels_ * height * width;
  for (std::size_t at = 0; at + group <= values.size(); at += group) {
    std::ranges::fill(cells, 0.0f);
    const float* value = values.data() + at;
    for (std::size_t channel = 0; channel < channels_; ++channel) {
      for (std::size_t y = 0; y < height; ++y) {
        float* row =
            cells.data() + (channel * cells_high_ + y * cells_high_ / height) * cells_wide_;
        for (std::size_t x = 0; x < width; ++x) row[x * cells_wide_ / width] += *value++;
      }
    }
    add_cells(cells);
  }
}

void ChannelLikeness::add_cells(std::span<const float> cells) {
  const std::size_t size = cells_high_ * cells_wide_;
  for (std::size_t a = 0; a < channels_; ++a) {
    const float* first = cells.data() + a * size;
    for (std::size_t i = 0; i < size; ++i) sums_[a] += first[i];
    for (std::size_t b = 0; b <= a; ++b) {
      const float* second = cells.data() + b * size;
      float sum = 0;
      for (std::size_t i = 0; i < size; ++i) sum += first[i] * second[i];
      products_[a * channels_ + b] += sum;
    }
  }
  count_ += static_cast<double>(size);
}

double ChannelLikeness::covariance(std::size_t a, std::size_t b) const {
  const double product = products_[std::max(a, b) * channels_ + std::min(a, b)];
  return product / count_ - sums_[a] / count_ * (sums_[b] / count_);
}

double ChannelLikeness::correlation(std::size_t a, std::size_t b) const {
  const double scale = std::sqrt(covariance(a, a) * covariance(b, b));
  return scale > 0 ? covariance(a, b) / scale : 0;  // a constant channel is like no other
}

ChannelOrder ChannelLikeness::order() const {
  std::vector<std::uint16_t> left;
  for (std::size_t c = 0; c < channels_; ++c) left.push_back(static_cast<std::uint16_t>(c));
  ChannelOrder path;
  while (!left.empty()) {
    const auto worth = [&](std::uint16_t c) {
      return path.empty() ? covariance(c, c) : correlation(path.back(), c);
    };
    auto best = left.begin();
    double most = worth(*best);
    for (auto it = std::next(best); it != left.end(); ++it) {
      if (const double here = worth(*it); here > most) {
        most = here;
        best = it;
      }
    }
    path.push_back(*best);
    left.erase(best);
  }
  return path;
}

}  // namespace cleave::codec
