#include "study/codec_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "study/codec_costs.h"
#include "study/picture_trial.h"

namespace cleave::study {
namespace {

/// Steps of a calibrated `cleave`: doublings of the one that it was made for.
constexpr std::array kDoublings{2.0, 1.5, 1.0, 0.5, 0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0};
/// Steps of an uncalibrated one, in deviations of the first value.
constexpr std::array kDeviations{2.0, 1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.125, 0.06, 0.03};
/// Samples on which codecs are timed.
constexpr std::size_t kTimedSamples = 3;

class CutSweeper {
 public:
  CutSweeper(const graph::Cut& cut, CutTrial& fit, CutTrial& score, const SweepOptions& options,
             Clock& clock)
      : cut_(cut), fit_(fit), score_(score), options_(options), clock_(clock) {
    const std::size_t values = score.values(0).size();
    for (std::size_t v = 0; v < values; ++v) {
      timed_.emplace_back();
      for (std::size_t i = 0; i < std::min(kTimedSamples, score.size()); ++i)
        timed_.back().push_back(score.values(i)[v]);
    }
  }

  Result<CutSweep> run() {
    const auto unchanged = [](std::size_t, std::vector<Tensor>&) -> Result<double> { return 0.0; };
    sweep_.uncut = summarize_trial(CLEAVE_TRY(score_.run(unchanged))).accuracy;
    if (options_.cleave) note(kCleave, add_cleave());
    if (options_.uncalibrated) note(kUncalibrated, add_uncalibrated());
    for (const CodecFamily& family : options_.families) {
      say(family.name);
      for (const std::string& spec : family.specs) {
        const auto added = add_spec(family.name, spec);
        note(family.name, added);
        if (!added) break;  // what refuses a value does so at any quality
      }
    }
    return std::move(sweep_);
  }

 private:
  void say(std::string_view family) const {
    if (options_.progress) options_.progress(fmt::format("cut {}: {}", cut_.id(), family));
  }

  void note(std::string_view what, const Result<void>& added) {
    if (!added) sweep_.refused.push_back(fmt::format("{}: {}", what, added.error().message));
  }

  Result<void> add(std::string_view family, std::string codec,
                   std::span<const codec::Codec> codecs) {
    SweepPoint point{std::string(family), std::move(codec), {}, 0, 0};
    point.summary = summarize_trial(CLEAVE_TRY(score_.run(codecs)));
    for (std::size_t v = 0; v < codecs.size(); ++v) {
      const auto measured = CLEAVE_TRY(measure_codec(codecs[v], timed_[v], clock_));
      point.encode_ms += measured.cost.encode_ms;
      point.decode_ms += measured.cost.decode_ms;
    }
    sweep_.points.push_back(std::move(point));
    return {};
  }

  Result<void> add_spec(const std::string& family, const std::string& spec) {
    return add(family, spec, CLEAVE_TRY(calibrated_codecs(spec, fit_)));
  }

  Result<void> add_uncalibrated() {
    say(kUncalibrated);
    const auto coded =
        std::ranges::find_if(cut_.values, is_floating, [](const TensorSpec& v) { return v.dtype; });
    if (coded == cut_.values.end())
      return fail(ErrorCode::kUnsupported, "study.sweep", "no floats cross, expected some");
    const double deviation =
        codec::deviation_of(fit_.samples_of(static_cast<std::size_t>(coded - cut_.values.begin())));
    for (const double deviations : kDeviations) {
      const std::string spec = fmt::format("cleave:step={:.4g}", deviations * deviation);
      const codec::Codec codec = CLEAVE_TRY(codec::Codec::create(spec));
      CLEAVE_CHECK(
          add(kUncalibrated, spec, std::vector<codec::Codec>(score_.values(0).size(), codec)));
    }
    return {};
  }

  /// The bases of values that were calibrated before; nothing where one is missing.
  Result<std::optional<FeatureChoice>> known_features() const {
    FeatureChoice choice;
    for (const TensorSpec& value : cut_.values) {
      const auto known = std::ranges::find(
          options_.known, value.name,
          [](const codec::CalibratedValue& calibrated) { return calibrated.value.name; });
      if (known == options_.known.end() || !known->calibration.contains("cleave"))
        return std::nullopt;
      choice.bases.push_back(
          CLEAVE_TRY(codec::feature_basis_from_json(known->calibration.at("cleave"))));
    }
    return choice;
  }

  Result<FeatureChoice> features() {
    if (auto known = CLEAVE_TRY(known_features())) return *std::move(known);
    const Badness badness = fit_.kind() == OutputKind::kPicture ? psnr_at_least(options_.psnr_db)
                                                                : kl_at_most(options_.kl_nats);
    return search_features(fit_, badness, FeatureSearchOptions::for_cut(cut_));
  }

  Result<void> add_cleave() {
    say(kCleave);
    const FeatureChoice choice = CLEAVE_TRY(features());
    for (const double doublings : kDoublings) {
      const double factor = std::exp2(doublings);
      const auto scaled = CLEAVE_TRY(scaled_choice(choice, factor, fit_));
      CLEAVE_CHECK(add(kCleave, fmt::format("cleave, {:.3g} of its step", factor),
                       CLEAVE_TRY(codecs_of(scaled, score_))));
    }
    return {};
  }

  const graph::Cut& cut_;
  CutTrial& fit_;
  CutTrial& score_;
  const SweepOptions& options_;
  Clock& clock_;
  std::vector<std::vector<Tensor>> timed_;  ///< by value
  CutSweep sweep_;
};

RatePoint rate_of(const SweepPoint& point) {
  const AccuracyReport& accuracy = point.summary.accuracy;
  const double bytes = point.summary.bytes.value;
  if (accuracy.psnr_db) return {bytes, accuracy.psnr_db->value};
  if (accuracy.kl_nats) return {bytes, -10 * std::log10(accuracy.kl_nats->value)};
  return {bytes, std::numeric_limits<double>::infinity()};  // nothing differs
}

}  // namespace

Result<CutSweep> sweep_cut(const graph::Model& model, const graph::Cut& cut, engine::Engine& engine,
                           const EvalData& fit, const EvalData& score, const SweepOptions& options,
                           Clock& clock) {
  CutTrial fit_trial = CLEAVE_TRY(open_trial(model, cut, engine, fit, options.threads));
  CutTrial score_trial = CLEAVE_TRY(open_trial(model, cut, engine, score, options.threads));
  return CutSweeper(cut, fit_trial, score_trial, options, clock).run();
}

std::string_view kind_of(std::string_view family) { return family.substr(0, family.find(' ')); }

std::vector<RatePoint> rates_of(std::span<const SweepPoint> points, std::string_view kind) {
  std::vector<RatePoint> rates;
  for (const SweepPoint& point : points)
    if (kind_of(point.family) == kind) rates.push_back(rate_of(point));
  return rates;
}

std::vector<SweepPoint> front_of(std::span<const SweepPoint> points, std::string_view kind) {
  std::vector<SweepPoint> front;
  for (const RatePoint& rate : rate_front(rates_of(points, kind)))
    front.push_back(*std::ranges::find_if(points, [&](const SweepPoint& point) {
      const RatePoint own = rate_of(point);
      return kind_of(point.family) == kind && own.bytes == rate.bytes &&
             own.quality == rate.quality;
    }));
  return front;
}

CutsToSweep cuts_to_sweep(const graph::Model& model) {
  CutsToSweep choice;
  std::int64_t least = INT64_MAX;
  for (const graph::Cut& cut : model.cuts()) {
    if (!cut.single()) {
      ++choice.several_values;
    } else if (!cut.bytes || !is_floating(cut.values.front().dtype) || !cut.head_outputs.empty()) {
      ++choice.not_coded;
    } else if (*cut.bytes >= least) {
      ++choice.not_smaller;
    } else {
      least = *cut.bytes;
      choice.cuts.push_back(&cut);
    }
  }
  return choice;
}

}  // namespace cleave::study
