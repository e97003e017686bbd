#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/json.h"
#include "codec/coefficient_coder.h"
#include "codec/fast_priors.h"
#include "codec/planes.h"

namespace cleave::codec {

/// Fractional bits of coefficients and of what becomes of them until they are floats.
inline constexpr int kFractionBits = 5;
/// What a band gain of 1 is.
inline constexpr int kUnitBandGain = 16;
inline constexpr int kGainBits = 15;
/// By how much products of the matrix's entries and gains are shifted right.
inline constexpr int kFactorBits = 7;

/// Steps that a packet may ask for, in eighths of a doubling.
inline constexpr int kLeastStepEighths = -128;
inline constexpr int kMostStepEighths = 127;

/// What a step costs in accuracy, measured by whoever made the basis.
struct StepLoss {
  int step_eighths = 0;   ///< the step: 2^(step_eighths / 8) of the basis's own
  double loss_share = 0;  ///< of top-1, or of agreement with the uncut network
};

/// How features become coefficients and back. It is made once from samples (feature_design.h) and
/// travels with the codec.
///
/// A decoder, for image and channel c: coefficients of component k are blocks of cosines
/// (block_dct.h); each gives integers y_k in 1/32 of a step, and
///     value = f32(sum over k of ((matrix[c][k] · gain_k + 64) >> 7) · y_k) · scale + mean_c,
/// no less than `low`. Without a matrix there is one component a channel, and the sum is
/// gain_c · y_c. It is exact; what follows are three roundings of IEEE single precision.
struct FeatureBasis {
  ChannelAxis axis = ChannelAxis::kBeforePlane;
  int channels = 1;
  int components = 1;
  int block = 1;
  /// Value of one unit of the sum, for the step that the basis was made for.
  float scale = 1;
  std::optional<float> low;
  std::vector<float> mean;                 ///< of each channel
  std::vector<std::int8_t> matrix;         ///< channels × components; empty: none
  std::vector<std::uint16_t> gain;         ///< of each component, in 1/2^15
  std::array<std::uint8_t, 64> band_gain;  ///< of each frequency, in 1/16 (CoefficientSite::place)
  /// By how much of a step, in 1/16, magnitudes of 1, 2 and more are nearer to zero than they say.
  std::array<std::int8_t, 3> shrink{};
  float bit_price = 0.12F;       ///< RateDistortion::bit_price of the encoder
  FastPriors fast;               ///< what the fast profile knows beforehand
  ModelState state;              ///< what the model begins with; empty: nothing known
  std::vector<StepLoss> losses;  ///< by rising steps; empty: not measured

  /// One component a channel, no mean: what can be said without samples.
  static FeatureBasis plain(int channels, int block, float step);

  /// How its encoder weighs bits against errors.
  RateDistortion trade() const {
    return {bit_price, {shrink[0] / 16.0, shrink[1] / 16.0, shrink[2] / 16.0}};
  }

  CoefficientLayout layout(const Planes& planes) const {
    return {components, static_cast<int>(planes.height), static_cast<int>(planes.width), block};
  }
};

/// The coarsest step, in eighths, that loses no more than a share, as do all that are finer.
/// Errors: kInvalidArgument where losses were not measured or all are greater.
Result<int> coarsest_step(const FeatureBasis& basis, double loss_share);

Json to_json(const FeatureBasis& basis);
/// Errors: kCorrupt for what is missing, mistyped, or contradicts itself.
Result<FeatureBasis> feature_basis_from_json(const Json& json);

}  // namespace cleave::codec
