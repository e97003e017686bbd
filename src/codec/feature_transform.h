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
  /// The features of quantised coefficients, the same on every machine. Works in the memory of
  /// `coded`, whose values are then lost.
  void inverse(std::span<std::int32_t> coded, const Planes& planes, int step_eighths,
               std::span<float> image) const;

 private:
  FeatureBasis basis_;
  std::vector<float> analysis_;  ///< components × channels: the matrix's pseudo-inverse
};

/// 2^(eighths / 8), the same on every machine.
float step_factor(int eighths);

}  // namespace cleave::codec
