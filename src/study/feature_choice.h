#pragma once

#include <span>
#include <string>
#include <vector>

#include "codec/feature_design.h"
#include "study/badness.h"

namespace cleave::study {

/// A basis for each crossing value, and what coding with them comes to.
struct FeatureChoice {
  std::vector<codec::FeatureBasis> bases;  ///< of integers and the like: plain ones, not used
  TrialSummary summary;                    ///< on all samples of the trial
  std::string design;                      ///< the one that was kept, in words
  int designs = 0;                         ///< that were compared
};

/// The point of a design at some step.
struct DesignPoint {
  double bytes = 0;
  double badness = 0;
};

/// Bytes at a badness of 1, between or a little beyond the two points around it.
double interpolate_bytes(const DesignPoint& finer, const DesignPoint& coarser);

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
