#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codec/calibrated_value.h"
#include "study/codec_families.h"
#include "study/evaluate.h"

namespace cleave::study {

/// How far answers may be from the uncut network's; the first that is set counts.
struct CalibrationLimit {
  std::optional<double> kl_nats;
  std::optional<double> psnr_db;
  /// Of top-1 where the data has labels, else of agreement with the uncut network.
  double loss_share = 0.01;
};

struct CalibrationOptions {
  CalibrationLimit limit;
  std::size_t pictures = 512;       ///< half of which calibrate, half of which score
  std::uint64_t seed = 1;           ///< of their choice
  std::vector<std::string> labels;  ///< the network's names of its classes, or none
  bool compare = true;              ///< try codec_families() too
  int threads = 0;
  /// Told what is being done. May be empty.
  std::function<void(const std::string&)> progress;
};

/// What one codec comes to on pictures.
struct CalibrationScore {
  TrialSummary summary;
  std::optional<Estimate> top1_loss;  ///< uncut less coded, sample by sample; with labels alone
};

/// A step and what it comes to on the pictures that chose the codec.
struct StepScore {
  double step = 1;  ///< in steps of the codec's own
  TrialSummary summary;
  double loss_share = 0;  ///< of top-1 with labels, else of agreement
};

/// A codec found for a cut.
struct Calibration {
  std::vector<codec::CalibratedValue> values;
  std::string limit;             ///< in words
  CalibrationScore fitted;       ///< on the pictures that chose it
  CalibrationScore held_out;     ///< on others
  std::size_t json_bytes = 0;    ///< of the calibrations, as they stand in a bundle
  std::vector<StepScore> steps;  ///< what `target_loss` chooses from; none for pictures
  std::string design;            ///< FeatureChoice::design
  int designs = 0;
  /// Other codecs, calibrated and scored on the same pictures: each at its cheapest within the
  /// limit on those held out, which favours them.
  std::vector<FamilyChoice> others;
  double own_bytes_at_limit = 0;  ///< of `cleave`, on those held out
};

/// Finds the cheapest `cleave` for a cut on the pictures of `fit` and scores it on those of
/// `held_out`. Both name the same classes, which are used where the network has them too.
/// Errors: kInvalidArgument for too few pictures, or a limit that the network's answers have no
/// measure for; those of search_features().
Result<Calibration> calibrate_cut(const graph::Model& model, const graph::Cut& cut,
                                  engine::Engine& engine, const EvalData& fit,
                                  const EvalData& held_out, const CalibrationOptions& options);

}  // namespace cleave::study
