#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "codec/feature_design.h"
#include "study/cut_trial.h"

namespace cleave::study {

/// How far answers are from the uncut network's: one number for a whole trial, 1 at a limit.
using Badness = std::function<double(std::span<const TrialResult>)>;

/// Mean KL divergence over `nats`.
Badness kl_at_most(double nats);
/// The mean squared error of a PSNR over that of `db`.
Badness psnr_at_least(double db);
/// Points of top-1 lost against the uncut network's share `uncut`, over `share`.
Badness top1_loss_at_most(double share, double uncut);
/// Share of samples whose highest class is not the uncut network's, over `share`.
Badness disagreement_at_most(double share);

struct FeatureSearchOptions {
  std::size_t design_samples = 128;  ///< of the trial, on which designs are compared
  /// Runs of the tail that probing a value may take; of the trial's samples at least 4 and at most
  /// 96 are used.
  std::size_t probing_runs = 8192;
  double step = 0;  ///< to begin with, in deviations; 0: a third
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

/// Bytes that the choice's design sends at the limit on another trial: its step is changed and its
/// model trained again on `fit` until the badness on `score` is on either side of 1.
Result<double> bytes_at_limit(const FeatureChoice& choice, const CutTrial& fit, CutTrial& score,
                              const Badness& badness);

}  // namespace cleave::study
