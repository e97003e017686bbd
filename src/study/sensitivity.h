#pragma once

#include <array>

#include "codec/coefficient_geometry.h"
#include "codec/feature_design.h"
#include "study/cut_trial.h"

namespace cleave::study {

struct SensitivityOptions {
  std::size_t samples = 32;  ///< of the trial, from the first on
  std::uint64_t seed = 1;
  int block = 8;  ///< side of the blocks whose frequencies `spectrum` is of
  /// Strength of the noise at each frequency (codec::CoefficientSite::place), of any scale.
  std::array<double, codec::kPlaces> spectrum = flat_spectrum();

  static std::array<double, codec::kPlaces> flat_spectrum() {
    std::array<double, codec::kPlaces> flat;
    flat.fill(1);
    return flat;
  }
};

/// What the tail makes of errors in the channels of one crossing value (number `value` of the
/// cut). For every sample and channel, noise is added to that channel alone, the same noise in
/// every channel, a fifth of the value's deviation strong, and the tail is run; the gram is of the
/// changes of the answer: of class scores, the logits up to a constant; of pictures, the values.
/// Needs samples × channels runs of the tail. Deterministic for a seed.
Result<codec::Sensitivity> measure_sensitivity(CutTrial& trial, std::size_t value,
                                               codec::ChannelAxis axis,
                                               const SensitivityOptions& options = {});

/// How much errors of one size in the coefficients of a basis change the answer, by frequency:
/// noise is added to all coefficients of a band of frequencies and the tail is run. For each
/// frequency the squared change for each coefficient, the largest being 1. Needs samples × 8 runs.
Result<std::array<double, codec::kPlaces>> measure_frequencies(
    CutTrial& trial, std::size_t value, const codec::FeatureBasis& basis,
    const SensitivityOptions& options = {});

}  // namespace cleave::study
