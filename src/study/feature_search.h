#pragma once

#include <span>
#include <string>
#include <vector>

#include "codec/feature_design.h"
#include "study/badness.h"

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

/// A basis for each crossing value, and what coding with them comes to.
struct FeatureChoice {
  std::vector<codec::FeatureBasis> bases;  ///< of integers and the like: plain ones, not used
  TrialSummary summary;                    ///< on all samples of the trial
  std::string design;                      ///< the one that was kept, in words
  int designs = 0;                         ///< that were compared
};

/// Finds bases and a step for the codec `cleave` at a cut: those that send the fewest bytes while
/// `badness` stays at or below 1 on the trial's samples. The tail is probed for what it makes of
/// errors; from a first design on, one choice after another (how far the tail's indifference is
/// trusted, the side of blocks, clamping, mixing channels at all) is kept if it saves bytes at the
/// same distance from the uncut answers. Errors: those of the engine and of designing;
/// kUnsupported where no step is fine enough.
Result<FeatureChoice> search_features(CutTrial& trial, const Badness& badness,
                                      const FeatureSearchOptions& options = {});

/// The codec for each crossing value; `raw` for integers and booleans.
Result<std::vector<codec::Codec>> codecs_of(const FeatureChoice& choice, const CutTrial& trial);

/// The choice with its steps multiplied and its models trained again on `fit`.
Result<FeatureChoice> scaled_choice(const FeatureChoice& choice, double factor,
                                    const CutTrial& fit);

/// Bytes that the choice's design sends at the limit on another trial: its step is changed and its
/// model trained again on `fit` until the badness on `score` is on either side of 1.
Result<double> bytes_at_limit(const FeatureChoice& choice, const CutTrial& fit, CutTrial& score,
                              const Badness& badness);

}  // namespace cleave::study
