#include "codec/feature_synthesis.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

namespace cleave::codec {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

/// Sums of any size as values.
void finish_wide(std::span<const std::int64_t> sums, const Scaling& map, float* out) {
  for (std::size_t p = 0; p < sums.size(); ++p) {
    const float value = static_cast<float>(sums[p]) * map.scale + map.mean;
    out[p] = std::min(std::max(value, map.low), kLargest);
  }
}

}  // namespace

FeatureSynthesis::FeatureSynthesis(const FeatureTransform& transform, const Planes& planes)
    : transform_(transform),
      basis_(transform.basis()),
      pixels_(static_cast<std::size_t>(planes.pixels())),
      stride_(pixels_ + (basis_.matrix.empty() ? 0 : kSlack)),
      rows_(static_cast<int>(planes.height), basis_.block),
      columns_(static_cast<int>(planes.width), basis_.block),
      row_line_(columns_, false, 1),
      column_line_(rows_, true, 1),
      gain_(at_places<std::int32_t>(rows_, columns_,
                                    [&](int f) { return std::int32_t{basis_.band_gain[f]}; })),
      most_gain_(std::ranges::max(gain_)),
      scratch_(pixels_ + kSlack),
      columns_done_(pixels_ + kSlack),
      planes_(pixels_ + kSlack) {
  std::ranges::copy(basis_.shrink, map_.shrink.begin());
  map_.gain = gain_.data();
}

void FeatureSynthesis::add(int component, std::span<const std::int32_t> coded) {
  const std::int32_t largest = kernels_.largest(coded.data(), pixels_);
  if (largest == 0) return;
  components_.push_back(component);
  const std::size_t at = (components_.size() - 1) * stride_;
  const std::size_t needed = at + pixels_ + kSlack;
  if (needed > planes_.size()) planes_.resize(std::max(needed, 2 * planes_.size()));
  const std::span<std::int32_t> out(&planes_[at], pixels_ + kSlack);
  if (fits_narrow_sums(largest)) {
    kernels_.dequantise(map_, coded.data(), pixels_, scratch_.data());
    inverse_narrow(out);
  } else {
    dequantise_wide(coded, out);
    if (basis_.block > 1) inverse_dct(rows_, columns_, out.first(pixels_));
  }
  const std::int64_t term =
      std::int64_t{transform_.largest_factor(component)} * kernels_.largest(out.data(), pixels_);
  largest_sum_ = basis_.matrix.empty() ? std::max(largest_sum_, term) : largest_sum_ + term;
}

/// Neither pass of the cosines adds up to more than 2^kDctBits times the root of the block's side
/// times the largest that goes in.
bool FeatureSynthesis::fits_narrow_sums(std::int32_t largest) const {
  constexpr std::int64_t kMost = (1 << (31 - kDctBits)) - 64;
  const std::int64_t side = std::max(rows_.size(0), columns_.size(0));
  return largest < 1 << 15 && (2 * std::int64_t{largest} + 16) * most_gain_ * side < kMost;
}

void FeatureSynthesis::inverse_narrow(std::span<std::int32_t> out) {
  if (basis_.block == 1) {
    std::ranges::copy(scratch_, out.begin());
    return;
  }
  kernels_.inverse_columns(column_line_.get(), scratch_.data(), columns_.length(),
                           columns_done_.data());
  kernels_.inverse_rows(row_line_.get(), columns_done_.data(), rows_.length(), out.data());
}

void FeatureSynthesis::dequantise_wide(std::span<const std::int32_t> coded,
                                       std::span<std::int32_t> out) const {
  for (std::size_t i = 0; i < coded.size(); ++i) {
    const std::int64_t magnitude = std::min(std::abs(coded[i]), kMaxCoefficient);
    const std::int64_t sixteenths =
        magnitude == 0 ? 0 : 16 * magnitude - map_.shrink[std::min<std::int64_t>(magnitude, 3) - 1];
    const std::int64_t value = std::min<std::int64_t>((sixteenths * gain_[i] + 4) >> 3, INT32_MAX);
    out[i] = static_cast<std::int32_t>(coded[i] < 0 ? -value : value);
  }
}

void FeatureSynthesis::finish(int step_eighths, std::span<float> image) {
  const float scale = std::min(basis_.scale * step_factor(step_eighths), kLargest);
  const float low = basis_.low.value_or(-kLargest);
  if (basis_.matrix.empty()) {
    unmixed(scale, low, image);
  } else if (largest_sum_ <= INT32_MAX) {
    mixed(scale, low, image);
  } else {
    mixed_wide(scale, low, image);
  }
  components_.clear();
  largest_sum_ = 0;
}

void FeatureSynthesis::unmixed(float scale, float low, std::span<float> image) const {
  const bool wide = largest_sum_ > INT32_MAX;
  std::vector<std::int64_t> sums(wide ? pixels_ : 0);
  const std::vector<std::int32_t> nothing(pixels_);
  std::size_t next = 0;
  for (int c = 0; c < basis_.channels; ++c) {
    const bool used = next < components_.size() && components_[next] == c;
    const std::int32_t* from = used ? plane(next++) : nothing.data();
    const Scaling map{transform_.factors()[c], scale, low, basis_.mean[c]};
    float* out = &image[static_cast<std::size_t>(c) * pixels_];
    if (!wide) {
      kernels_.finish(map, from, pixels_, out);
      continue;
    }
    for (std::size_t p = 0; p < pixels_; ++p) sums[p] = std::int64_t{map.factor} * from[p];
    finish_wide(sums, map, out);
  }
}

void FeatureSynthesis::mixed(float scale, float low, std::span<float> image) const {
  const auto components = static_cast<std::size_t>(basis_.components);
  const auto channels = static_cast<std::size_t>(basis_.channels);
  std::vector<std::int32_t> factors(components_.size() * kPanelRows);
  std::vector<float> unwanted(pixels_);
  for (std::size_t c = 0; c < channels; c += kPanelRows) {
    for (std::size_t i = 0; i < components_.size(); ++i)
      std::copy_n(
          &transform_
               .factors()[panel_place(components, c, static_cast<std::size_t>(components_[i]))],
          kPanelRows, &factors[i * kPanelRows]);
    std::array<float, kPanelRows> mean{};
    std::array<float*, kPanelRows> out{};
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      const bool exists = c + r < channels;
      mean[r] = exists ? basis_.mean[c + r] : 0;
      out[r] = exists ? &image[(c + r) * pixels_] : unwanted.data();
    }
    kernels_.synthesise(
        {planes_.data(), factors.data(), components_.size(), scale, low, mean.data()}, pixels_,
        out.data());
  }
}

void FeatureSynthesis::mixed_wide(float scale, float low, std::span<float> image) const {
  const auto components = static_cast<std::size_t>(basis_.components);
  std::vector<std::int64_t> sums(pixels_);
  for (std::size_t c = 0; c < static_cast<std::size_t>(basis_.channels); ++c) {
    std::ranges::fill(sums, 0);
    for (std::size_t i = 0; i < components_.size(); ++i) {
      const std::int64_t factor =
          transform_
              .factors()[panel_place(components, c, static_cast<std::size_t>(components_[i]))];
      const std::int32_t* from = plane(i);
      for (std::size_t p = 0; p < pixels_; ++p) sums[p] += factor * from[p];
    }
    finish_wide(sums, {1, scale, low, basis_.mean[c]}, &image[c * pixels_]);
  }
}

}  // namespace cleave::codec
