#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/feature_basis.h"

namespace cleave::codec {

/// The way between features and coefficients, by a basis. Immutable and thread-safe.
class FeatureTransform {
 public:
  explicit FeatureTransform(FeatureBasis basis);

  const FeatureBasis& basis() const { return basis_; }

  /// Coefficients of one image (channels × pixels, plane by plane) in steps of 2^(step_eighths / 8)
  /// times the basis's own; `out` has components × pixels. For encoders: in floats.
  void forward(std::span<const float> image, const Planes& planes, int step_eighths,
               std::span<float> out) const;
  /// The features of quantised coefficients, the same on every machine.
  void inverse(std::span<const std::int32_t> coded, const Planes& planes, int step_eighths,
               std::span<float> image) const;

  /// What a decoder multiplies planes with: [channel / kPanelRows][component][channel %
  /// kPanelRows], or one for each channel where they are not mixed.
  std::span<const std::int32_t> factors() const { return factors_; }
  /// The largest of a component's.
  std::int32_t largest_factor(int component) const { return largest_factor_[component]; }

 private:
  FeatureBasis basis_;
  /// components × channels, the matrix's pseudo-inverse, and what it makes of the means, as
  /// FeatureKernels::multiply() takes them.
  std::vector<float> analysis_;
  std::vector<float> offset_;
  std::vector<std::int32_t> factors_;
  std::vector<std::int32_t> largest_factor_;
};

/// 2^(eighths / 8), the same on every machine.
float step_factor(int eighths);

}  // namespace cleave::codec
