#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/coefficient_coder.h"
#include "codec/fast_priors.h"
#include "codec/magnitude_distributions.h"
#include "codec/rans.h"

/// Quantised coefficients as bits in little time: nothing adapts but what each magnitude is
/// expected to be, and that for a whole row of a plane at once.
///
/// What is expected of a coefficient in component k at place s, in 1/1024, is
///     ((prior_k · profile_s) >> 8) + (((past_s >> 4) · past_weight) >> 4) + 4 · above_weight ·
///     above.
/// prior_k is (2^(10 + (component_k - step) / 8) · prior_weight) >> 8, profile_s 2^(8 + place_f /
/// 8) of the place's frequency f. past_s begins as twice ((prior_0 · profile_s) >> 8) and moves by
/// 3/16 of the distance to 1024 times each plane's magnitudes. above is the magnitude one row
/// higher: of the pixel above, or of the frequency one lower in the same block, or 0. From the
/// expectation follows which of the static distributions a magnitude has.
namespace cleave::codec {

/// What coders of one cut's coefficients have in common. Immutable and thread-safe.
struct FastModel {
  explicit FastModel(FastPriors known) : priors(std::move(known)), distributions(priors.shape) {}

  FastPriors priors;
  MagnitudeDistributions distributions;
};

/// Codes images of one layout, each by itself. Not thread-safe.
class FastCoefficientCoder {
 public:
  /// Borrows the model. `step_eighths` is FeatureTransform::forward()'s.
  FastCoefficientCoder(const CoefficientLayout& layout, const FastModel& model, int step_eighths);

  /// Appends the code of one image. `values` are coefficients in steps, plane by plane; what the
  /// decoder will read is written to `coded`. Both have kSlack elements more. `fit` is told of it
  /// unless null.
  void encode(std::span<const float> values, const RateDistortion& trade, Bytes& out,
              std::span<std::int32_t> coded, MagnitudeShapeFit* fit = nullptr);
  /// Reads one image and calls `visit(component, coefficients)` for each plane that has any. Any
  /// bytes decode to something.
  void decode(std::span<const std::byte> in,
              const std::function<void(int, std::span<const std::int32_t>)>& visit);

 private:
  void begin_image();
  /// What is expected of a plane, but for what is above; returns the class of all of it.
  int expect(std::size_t component);
  /// The classes of a row of a plane.
  void classify(std::size_t row, std::span<const std::int32_t> plane, std::uint8_t* classes) const;
  void put_magnitudes(std::span<const std::int32_t> plane, const std::uint8_t* classes,
                      RansEncoder& to) const;
  void take_magnitudes(RansDecoder& from, std::span<std::int32_t> row) const;

  const FastModel& model_;
  CoefficientLayout layout_;
  std::size_t width_;
  std::vector<std::int32_t> priors_;     ///< of each component
  std::vector<std::uint8_t> has_above_;  ///< of each row
  std::vector<std::int32_t> profile_;    ///< of each place of a plane
  std::vector<std::int32_t> past_;
  std::vector<std::int32_t> expected_;
  std::vector<std::int32_t> nothing_;  ///< a row of zeros
  std::vector<std::uint8_t> classes_;  ///< of a row, or of all planes
  std::vector<std::int32_t> plane_;    ///< that is being read
};

}  // namespace cleave::codec
