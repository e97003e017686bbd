#pragma once

#include <cstddef>

#include "study/feature_choice.h"

namespace cleave::study {

struct FeatureSearchOptions {
  std::size_t design_samples = 128;  ///< of the trial, on which designs are compared
  /// Runs of the tail that probing a value may take; of the trial's samples at least 4 and at most
  /// 96 are used.
  std::size_t probing_runs = 8192;
  double step = 0;  ///< to begin with, in deviations; 0: a third

  /// Heavy tails are probed with and tried on fewer samples, so that it takes minutes.
  static FeatureSearchOptions for_cut(const graph::Cut& cut);
};

/// Finds bases and a step for the codec `cleave` at a cut: those that send the fewest bytes while
/// `badness` stays at or below 1 on the trial's samples. The tail is probed for what it makes of
/// errors; from a first design on, one choice after another (how far the tail's indifference is
/// trusted, the side of blocks, clamping, mixing channels at all) is kept if it saves bytes at the
/// same distance from the uncut answers. Values of three dimensions are taken for planes of
/// channels or for tokens of features, whichever sends less. Errors: those of the engine and of
/// designing; kUnsupported where no step is fine enough.
Result<FeatureChoice> search_features(CutTrial& trial, const Badness& badness,
                                      const FeatureSearchOptions& options = {});

}  // namespace cleave::study
