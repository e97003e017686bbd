#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/block_line.h"
#include "codec/feature_kernels.h"
#include "codec/feature_transform.h"
#include "codec/planes.h"

namespace cleave::codec {

/// One image on its way from coefficients to features, the same on every machine: sums of 32 bits
/// where these suffice, wider ones otherwise. Not thread-safe.
class FeatureSynthesis {
 public:
  /// Borrows both.
  FeatureSynthesis(const FeatureTransform& transform, const Planes& planes);

  /// The coefficients of one component; components in their order, those left out are zero.
  void add(int component, std::span<const std::int32_t> coded);
  /// The features of what was added, plane by plane. Then begins anew.
  void finish(int step_eighths, std::span<float> image);

 private:
  const std::int32_t* plane(std::size_t at) const { return &planes_[at * stride_]; }
  bool fits_narrow_sums(std::int32_t largest) const;
  void inverse_narrow(std::span<std::int32_t> out);
  void dequantise_wide(std::span<const std::int32_t> coded, std::span<std::int32_t> out) const;
  void unmixed(float scale, float low, std::span<float> image) const;
  void mixed(float scale, float low, std::span<float> image) const;
  void mixed_wide(float scale, float low, std::span<float> image) const;

  const FeatureTransform& transform_;
  const FeatureBasis& basis_;
  const FeatureKernels& kernels_ = best_feature_kernels();
  std::size_t pixels_;
  /// Between planes. Those that nothing mixes lie close: channels may be many and of one pixel.
  /// What is written behind a plane is written before the next one.
  std::size_t stride_;
  BlockAxis rows_;
  BlockAxis columns_;
  Line<std::int32_t> row_line_;
  Line<std::int32_t> column_line_;
  std::vector<std::int32_t> gain_;  ///< of each place
  std::int32_t most_gain_;
  Dequantiser map_{};
  std::vector<std::int32_t> scratch_;
  std::vector<std::int32_t> columns_done_;
  std::vector<int> components_;       ///< that were added and are not all zero
  std::vector<std::int32_t> planes_;  ///< of each of them
  /// No sum of the planes times their factors is larger.
  std::int64_t largest_sum_ = 0;
};

}  // namespace cleave::codec
