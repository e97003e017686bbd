#include "study/calibrate.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/feature_transform.h"
#include "study/picture_trial.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.calibrate";
constexpr std::size_t kLeastPictures = 8;
/// Steps whose losses are measured: from a quarter to four times the chosen one.
constexpr int kMostEighths = 16;
constexpr int kEighthsApart = 4;

class Calibrator {
 public:
  Calibrator(const graph::Model& model, const graph::Cut& cut, engine::Engine& engine,
             const CalibrationOptions& options)
      : model_(model), cut_(cut), engine_(engine), options_(options) {}

  Result<Calibration> run(const EvalData& fit, const EvalData& held_out) {
    say(fmt::format("running the network on {} pictures",
                    fit.pictures.size() + held_out.pictures.size()));
    fit_.emplace(CLEAVE_TRY(open(fit)));
    held_.emplace(CLEAVE_TRY(open(held_out)));
    fit_uncut_ = CLEAVE_TRY(fit_->run(unchanged));
    held_uncut_ = CLEAVE_TRY(held_->run(unchanged));
    Calibration result;
    const Badness badness = CLEAVE_TRY(badness_of(*fit_, fit_uncut_, result.limit));
    say("looking for a basis");
    FeatureChoice choice =
        CLEAVE_TRY(search_features(*fit_, badness, FeatureSearchOptions::for_cut(cut_)));
    if (fit_->kind() == OutputKind::kClasses) CLEAVE_CHECK(measure_steps(choice, result));
    const auto codecs = CLEAVE_TRY(codecs_of(choice, *fit_));
    result.designs = choice.designs;
    result.design = choice.design;
    for (std::size_t v = 0; v < codecs.size(); ++v) {
      result.values.push_back({cut_.values[v], codecs[v].spec(), codecs[v].calibration()});
      result.values.back().value.shape = fit_->values(0)[v].shape();
      result.values.back().value.dtype = fit_->values(0)[v].dtype();
      result.json_bytes += dump_json(codecs[v].calibration()).size();
    }
    result.fitted = CLEAVE_TRY(score(*fit_, codecs, fit_uncut_));
    result.held_out = CLEAVE_TRY(score(*held_, codecs, held_uncut_));
    if (options_.compare) CLEAVE_CHECK(compare(choice, result));
    return result;
  }

 private:
  void say(const std::string& what) const {
    if (options_.progress) options_.progress(what);
  }

  Result<CutTrial> open(const EvalData& data) const {
    if (data.pictures.size() < kLeastPictures)
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  std::to_string(data.pictures.size()) + " pictures, expected " +
                      std::to_string(kLeastPictures) + " or more on either side");
    return open_trial(model_, cut_, engine_, data, options_.threads);
  }

  static Result<double> unchanged(std::size_t, std::vector<Tensor>&) { return 0.0; }

  Result<Badness> badness_of(const CutTrial& trial, std::span<const TrialResult> uncut,
                             std::string& words) const {
    const CalibrationLimit& limit = options_.limit;
    const bool picture = trial.kind() == OutputKind::kPicture;
    if (picture != limit.psnr_db.has_value())
      return fail(
          ErrorCode::kInvalidArgument, kPlace,
          picture ? "the network's answers are no scores of one set of classes, expected a PSNR "
                    "as the limit"
                  : "the network's answers are classes, expected another limit than a PSNR");
    if (picture) {
      words = fmt::format("PSNR of the {} at least {:g} dB",
                          trial.judge().joins() ? "outputs" : "output", *limit.psnr_db);
      return psnr_at_least(*limit.psnr_db);
    }
    if (limit.kl_nats) {
      words = fmt::format("mean KL divergence at most {:g} nat", *limit.kl_nats);
      return kl_at_most(*limit.kl_nats);
    }
    const auto top1 = summarize_trial(uncut).accuracy.top1;
    words = fmt::format("at most {:g} % of {} lost", 100 * limit.loss_share,
                        top1 ? "top-1" : "agreement");
    return top1 ? top1_loss_at_most(limit.loss_share) : disagreement_at_most(limit.loss_share);
  }

  /// What coarser and finer steps lose, for the choice's bases and for the result.
  Result<void> measure_steps(FeatureChoice& choice, Calibration& result) {
    say("measuring what other steps lose");
    std::vector<codec::StepLoss> losses;
    for (int eighths = -kMostEighths; eighths <= kMostEighths; eighths += kEighthsApart) {
      FeatureChoice scaled = choice;
      for (auto& basis : scaled.bases) basis.scale *= codec::step_factor(eighths);
      const auto codecs = CLEAVE_TRY(codecs_of(scaled, *fit_));
      const CalibrationScore scored = CLEAVE_TRY(score(*fit_, codecs, fit_uncut_));
      const auto& agreement = scored.summary.accuracy.agreement;
      const double loss = scored.top1_loss ? scored.top1_loss->value : 1 - agreement->value;
      losses.push_back({eighths, std::max(0.0, loss)});
      result.steps.push_back(
          {codec::step_factor(eighths), scored.summary, losses.back().loss_share});
    }
    for (auto& basis : choice.bases) basis.losses = losses;
    return {};
  }

  static Result<CalibrationScore> score(CutTrial& trial, std::span<const codec::Codec> codecs,
                                        std::span<const TrialResult> uncut) {
    const auto results = CLEAVE_TRY(trial.run(codecs));
    CalibrationScore score{summarize_trial(results), {}};
    if (!score.summary.accuracy.top1) return score;
    Mean loss;
    for (std::size_t i = 0; i < results.size(); ++i)
      loss.add((uncut[i].score.top1.value_or(false) ? 1.0 : 0.0) -
               (results[i].score.top1.value_or(false) ? 1.0 : 0.0));
    score.top1_loss = loss.estimate();
    return score;
  }

  /// All codecs at the limit on the half that is held out.
  Result<void> compare(const FeatureChoice& choice, Calibration& result) {
    std::string words;
    const Badness badness = CLEAVE_TRY(badness_of(*held_, held_uncut_, words));
    for (const CodecFamily& family : codec_families()) {
      say("trying " + family.name);
      result.others.push_back(CLEAVE_TRY(try_family(family, *fit_, *held_, badness)));
    }
    say("trying cleave");
    result.own_bytes_at_limit = CLEAVE_TRY(bytes_at_limit(choice, *fit_, *held_, badness));
    return {};
  }

  const graph::Model& model_;
  const graph::Cut& cut_;
  engine::Engine& engine_;
  const CalibrationOptions& options_;
  std::optional<CutTrial> fit_, held_;
  std::vector<TrialResult> fit_uncut_, held_uncut_;
};

}  // namespace

Result<Calibration> calibrate_cut(const graph::Model& model, const graph::Cut& cut,
                                  engine::Engine& engine, const EvalData& fit,
                                  const EvalData& held_out, const CalibrationOptions& options) {
  return Calibrator(model, cut, engine, options).run(fit, held_out);
}

}  // namespace cleave::study
