#include "study/feature_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cleave::study {
namespace {

/// How often the step changes at most until it is on the other side of the limit.
constexpr int kMostTries = 24;

}  // namespace

double interpolate_bytes(const DesignPoint& finer, const DesignPoint& coarser) {
  const double from = std::log(std::max(finer.badness, 1e-12));
  const double to = std::log(std::max(coarser.badness, 1e-12));
  const double share = to == from ? 0 : std::clamp(-from / (to - from), -0.5, 1.5);
  return finer.bytes * std::pow(coarser.bytes / finer.bytes, share);
}

Result<std::vector<codec::Codec>> codecs_of(const FeatureChoice& choice, const CutTrial& trial) {
  std::vector<codec::Codec> codecs;
  for (std::size_t v = 0; v < choice.bases.size(); ++v) {
    const Tensor& value = trial.values(0)[v];
    if (is_floating(value.dtype()) && value.elements() > 0) {
      const Json calibration{{"cleave", codec::to_json(choice.bases[v])}};
      codecs.push_back(CLEAVE_TRY(codec::Codec::create("cleave", calibration)));
    } else {
      codecs.push_back(CLEAVE_TRY(codec::Codec::create("raw")));
    }
  }
  return codecs;
}

Result<FeatureChoice> scaled_choice(const FeatureChoice& choice, double factor,
                                    const CutTrial& fit) {
  FeatureChoice scaled = choice;
  for (std::size_t v = 0; v < scaled.bases.size(); ++v) {
    if (!is_floating(fit.values(0)[v].dtype())) continue;
    scaled.bases[v].scale *= static_cast<float>(factor);
    CLEAVE_CHECK(codec::train_basis(fit.samples_of(v), scaled.bases[v]));
  }
  return scaled;
}

namespace {

/// The choice with its steps multiplied, on a trial.
Result<DesignPoint> scaled_point(const FeatureChoice& choice, double factor, const CutTrial& fit,
                                 CutTrial& score, const Badness& badness) {
  const auto codecs = CLEAVE_TRY(codecs_of(CLEAVE_TRY(scaled_choice(choice, factor, fit)), score));
  const auto results = CLEAVE_TRY(score.run(codecs));
  return DesignPoint{summarize_trial(results).bytes.value, badness(results)};
}

}  // namespace

Result<double> bytes_at_limit(const FeatureChoice& choice, const CutTrial& fit, CutTrial& score,
                              const Badness& badness) {
  constexpr double kNear = 1.15;
  double factor = 1;
  DesignPoint point = CLEAVE_TRY(scaled_point(choice, factor, fit, score, badness));
  for (int i = 0; i < kMostTries; ++i) {
    const bool fine = point.badness <= 1;
    factor = fine ? factor * kNear : factor / kNear;
    const DesignPoint next = CLEAVE_TRY(scaled_point(choice, factor, fit, score, badness));
    if ((next.badness <= 1) != fine)
      return fine ? interpolate_bytes(point, next) : interpolate_bytes(next, point);
    point = next;
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace cleave::study
