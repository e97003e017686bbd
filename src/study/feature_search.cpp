#include "study/feature_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "study/sensitivity.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.feature_search";
constexpr double kFirstStep = 1.0 / 3;
/// A trial's step changes by this factor until it is on the other side of the limit.
constexpr double kStride = 1.5;
/// Steps are looked for to within this factor.
constexpr double kPrecision = 1.04;
constexpr int kMostTries = 24;
/// Dimensions of a value whose channels may be the first or the last of them.
constexpr std::size_t kEitherAxis = 3;
/// While designs are compared, entropy coders learn from so many values: one learns after another,
/// and what more of them teach it saves every design about the same.
constexpr std::size_t kLearningValues = 2'000'000;
constexpr std::size_t kLeastLearningSamples = 8;
/// A choice is kept if it saves this part of the bytes.
constexpr double kWorthIt = 0.995;

/// What designs have in common over a cut's values.
struct Design {
  double metric_floor = 0.1;
  int block = 8;
  bool clamp = false;
  bool matrix = true;
  bool conditional_mean = false;
  double bit_price = 0.12;

  /// What the tail has to be probed for anew.
  auto probe_key() const { return std::pair(metric_floor, block); }
  bool operator==(const Design&) const = default;

  std::string to_string() const {
    return fmt::format("blocks of {}, {}{}{}, a bit worth {:g} squared steps", block,
                       matrix ? fmt::format("channels mixed with a floor of {:g}", metric_floor)
                              : "channels apart",
                       conditional_mean ? ", the others at their means" : "",
                       clamp ? ", clamped at 0" : "", bit_price);
  }
};

/// What is known of one crossing value.
struct Value {
  bool coded = false;  ///< floats; others cross as they are
  bool flat = false;   ///< planes of one pixel
  bool mixed = false;  ///< few enough channels to mix
  codec::ChannelAxis axis = codec::ChannelAxis::kBeforePlane;
  std::vector<Tensor> samples;
  std::optional<codec::FeatureDesigner> designer;
  double deviation = 1;
  /// By the side of blocks: the noise that frequencies were probed with differs.
  std::map<int, codec::Sensitivity> sensitivity;
  std::map<std::pair<double, int>, codec::FeatureComponents> components;
  std::map<std::pair<double, int>, std::array<double, codec::kPlaces>> frequencies;
};

/// 0 where answers are no classes.
double mean_root_kl(std::span<const TrialResult> results) {
  double sum = 0;
  for (const TrialResult& result : results) sum += std::sqrt(result.score.kl_nats.value_or(0));
  return sum / static_cast<double>(results.size());
}

class Search {
 public:
  /// `axis` is that of values of three dimensions, which may be planes of channels or tokens of
  /// features.
  Search(CutTrial& trial, const Badness& badness, const FeatureSearchOptions& options,
         codec::ChannelAxis axis)
      : trial_(trial), badness_(badness), options_(options), axis_(axis) {}

  /// The first design; bytes() is what it sends at the limit.
  Result<void> begin() {
    CLEAVE_CHECK(read_values());
    return first_design();
  }
  double bytes() const { return first_bytes_; }
  int designs() const { return designs_; }

  /// The best design, after begin().
  Result<FeatureChoice> improve() {
    const std::vector<std::function<void(Design&)>> changes{
        [](Design& d) { d.conditional_mean = !d.conditional_mean; },
        [](Design& d) { d.metric_floor = 0.01; },
        [](Design& d) { d.metric_floor = 0.001; },
        [](Design& d) { d.metric_floor = 0.0001; },
        [](Design& d) { d.metric_floor = 0.5; },
        [](Design& d) { d.metric_floor = 2; },
        [](Design& d) { d.block = 4; },
        [](Design& d) { d.block = 16; },
        [](Design& d) { d.block = 1; },
        [](Design& d) { d.clamp = true; },
        [](Design& d) { d.bit_price = 0.2; },
        [](Design& d) { d.bit_price = 0.3; },
        [](Design& d) { d.matrix = false; },
        [](Design& d) { d = {.block = 1, .clamp = true, .matrix = false}; },
    };
    for (const auto& change : changes) CLEAVE_CHECK(try_change(change));
    return finish();
  }

 private:
  Result<void> read_values() {
    const std::size_t samples = std::min(options_.design_samples, trial_.size());
    for (std::size_t v = 0; v < trial_.values(0).size(); ++v) {
      Value value;
      const Tensor& first = trial_.values(0)[v];
      value.coded = is_floating(first.dtype()) && first.elements() > 0;
      if (value.coded) {
        if (first.shape().size() == kEitherAxis) value.axis = axis_;
        const codec::Planes planes = codec::planes_of(first.shape(), value.axis);
        value.flat = planes.pixels() == 1;
        value.mixed = planes.channels > 1 && planes.channels <= codec::kMaxMixedChannels;
        for (std::size_t i = 0; i < samples; ++i) value.samples.push_back(trial_.values(i)[v]);
        value.deviation = std::max(codec::deviation_of(value.samples), 1e-6);
        value.designer = CLEAVE_TRY(codec::FeatureDesigner::create(value.samples, value.axis));
      }
      values_.push_back(std::move(value));
    }
    return {};
  }

  codec::FeatureDesign design_of(const Value& value, const Design& design, double step) const {
    return {.matrix = design.matrix && value.mixed,
            .metric_floor = design.metric_floor,
            .conditional_mean = design.conditional_mean,
            .block = value.flat ? 1 : design.block,
            .step = step * value.deviation,
            .clamp = design.clamp,
            .bit_price = design.bit_price};
  }

  std::size_t probing_samples(const Value& value) const {
    const auto channels = static_cast<std::size_t>(
        codec::planes_of(value.samples.front().shape(), value.axis).channels);
    return std::clamp<std::size_t>(options_.probing_runs / channels, 4, 96);
  }

  /// No components, every channel alike.
  static codec::FeatureComponents unknown_metric(const Value& value) {
    const codec::Planes planes = codec::planes_of(value.samples.front().shape(), value.axis);
    return {{}, {}, std::vector<double>(static_cast<std::size_t>(planes.channels), 1.0), {}};
  }

  /// Probes the tail with noise of the design's block sides, once for each side.
  Result<void> probe(std::size_t v, const Design& design) {
    Value& value = values_[v];
    if (value.sensitivity.contains(design.block)) return {};
    SensitivityOptions probing;
    probing.samples = probing_samples(value);
    probing.block = value.flat ? 1 : design.block;
    codec::FeatureDesign plain = design_of(value, design, kFirstStep);
    plain.matrix = false;
    const auto basis = value.designer->design(plain, unknown_metric(value));
    const auto frequencies = CLEAVE_TRY(measure_frequencies(trial_, v, basis, probing));
    // Steps will be as the roots of what errors cost, so that is what noise will look like.
    constexpr double kLeast = 0.004;
    for (std::size_t i = 0; i < probing.spectrum.size(); ++i)
      probing.spectrum[i] = 1 / std::sqrt(std::max(frequencies[i], kLeast));
    value.sensitivity[design.block] =
        CLEAVE_TRY(measure_sensitivity(trial_, v, value.axis, probing));
    return {};
  }

  /// Those that the entropy coder of a design learns from; all of them for the one that is chosen.
  static std::span<const Tensor> learning_samples(const Value& value, bool chosen) {
    const auto elements = static_cast<std::size_t>(value.samples.front().elements());
    const std::size_t enough = std::max(kLeastLearningSamples, kLearningValues / elements);
    return std::span(value.samples)
        .first(chosen ? value.samples.size() : std::min(enough, value.samples.size()));
  }

  Result<codec::FeatureBasis> basis_of(std::size_t v, const Design& design, double step,
                                       bool chosen) {
    Value& value = values_[v];
    if (!value.coded) return codec::FeatureBasis::plain(1, 1, 1);
    auto& components = value.components[design.probe_key()];
    if (components.metric.empty()) {
      if (value.mixed) {
        CLEAVE_CHECK(probe(v, design));
        components =
            value.designer->components(value.sensitivity.at(design.block), design.metric_floor);
      } else {
        components = unknown_metric(value);
      }
    }
    codec::FeatureBasis basis = value.designer->design(design_of(value, design, step), components);
    if (basis.block > 1) {
      auto& known = value.frequencies[design.probe_key()];
      if (known.front() == 0)
        known = CLEAVE_TRY(measure_frequencies(
            trial_, v, basis, {.samples = probing_samples(value), .block = basis.block}));
      set_band_gains(known, basis);
    }
    CLEAVE_CHECK(codec::train_basis(learning_samples(value, chosen), basis));
    return basis;
  }

  static void set_band_gains(const std::array<double, codec::kPlaces>& frequencies,
                             codec::FeatureBasis& basis) {
    for (std::size_t i = 0; i < frequencies.size(); ++i)
      basis.band_gain[i] = static_cast<std::uint8_t>(
          std::clamp(std::round(codec::kUnitBandGain / std::sqrt(frequencies[i])), 16.0, 255.0));
  }

  struct Tried {
    FeatureChoice choice;
    std::vector<TrialResult> results;
  };

  /// Over all samples of the trial where the design is `chosen`, else over the design samples.
  Result<Tried> try_design(const Design& design, double step, bool chosen) {
    Tried tried;
    FeatureChoice& choice = tried.choice;
    for (std::size_t v = 0; v < values_.size(); ++v)
      choice.bases.push_back(CLEAVE_TRY(basis_of(v, design, step, chosen)));
    const auto codecs = CLEAVE_TRY(codecs_of(choice, trial_));
    const std::size_t samples = chosen ? trial_.size() : options_.design_samples;
    tried.results = CLEAVE_TRY(trial_.run(codecs, 0, samples));
    choice.summary = summarize_trial(tried.results);
    return tried;
  }

  Result<DesignPoint> point_of(const Design& design, double step) {
    const auto tried = CLEAVE_TRY(try_design(design, step, false));
    return DesignPoint{tried.choice.summary.bytes.value, compare_(tried.results)};
  }

  /// The first design, and the step at which it is at the limit. Other designs are compared at the
  /// distance that goes with it there.
  Result<void> first_design() {
    compare_ = badness_;
    for (const bool conditional_mean : {false, true}) {
      best_.conditional_mean = conditional_mean;
      step_ = options_.step > 0 ? options_.step : kFirstStep;
      bytes_ = first_bytes_ = CLEAVE_TRY(bytes_of(best_, step_));
      if (std::isfinite(bytes_)) break;
    }
    if (!std::isfinite(bytes_)) return {};
    const auto tried = CLEAVE_TRY(try_design(best_, step_, false));
    const double root = mean_root_kl(tried.results);
    if (root <= 0) return {};
    compare_ = [root](std::span<const TrialResult> results) {
      const double found = mean_root_kl(results);
      return found * found / (root * root);
    };
    bytes_ = tried.choice.summary.bytes.value;
    return {};
  }

  /// Bytes of a design at the limit; `step` begins as a guess and ends near the step for it.
  Result<double> bytes_of(const Design& design, double& step) {
    ++designs_;
    DesignPoint point = CLEAVE_TRY(point_of(design, step));
    for (int i = 0; i < kMostTries; ++i) {
      const bool fine = point.badness <= 1;
      const double next_step = fine ? step * kStride : step / kStride;
      const DesignPoint next = CLEAVE_TRY(point_of(design, next_step));
      if ((next.badness <= 1) != fine) {
        const double bytes = fine ? interpolate_bytes(point, next) : interpolate_bytes(next, point);
        if (!fine) step = next_step;
        return bytes;
      }
      // No finer step helps: what is wrong are not steps.
      if (!fine && next.badness > 0.97 * point.badness && i > 2)
        return std::numeric_limits<double>::infinity();
      step = next_step;
      point = next;
    }
    return std::numeric_limits<double>::infinity();
  }

  Result<void> try_change(const std::function<void(Design&)>& change) {
    Design design = best_;
    change(design);
    if (design == best_) return {};
    double step = std::isfinite(bytes_) ? step_ : kFirstStep;
    const double bytes = CLEAVE_TRY(bytes_of(design, step));
    if (bytes > kWorthIt * bytes_) return {};
    best_ = design;
    bytes_ = bytes;
    step_ = step;
    return {};
  }

  /// The coarsest step of the best design that is within the limit on all samples.
  Result<FeatureChoice> finish() {
    if (!std::isfinite(bytes_))
      return fail(ErrorCode::kUnsupported, kPlace,
                  "no step keeps the answers near enough to the uncut network's");
    double fine = 0;
    double coarse = 0;
    double step = step_;
    std::optional<FeatureChoice> best;
    for (int i = 0; i < kMostTries; ++i) {
      auto tried = CLEAVE_TRY(try_design(best_, step, true));
      if (badness_(tried.results) <= 1) {
        fine = step;
        best = std::move(tried.choice);
      } else {
        coarse = step;
      }
      if (fine > 0 && coarse > 0 && coarse / fine < kPrecision) break;
      step = fine == 0 ? coarse / kStride : coarse == 0 ? fine * kStride : std::sqrt(fine * coarse);
    }
    if (!best)
      return fail(ErrorCode::kUnsupported, kPlace,
                  "no step keeps the answers near enough to the uncut network's");
    best->designs = designs_;
    best->design = best_.to_string();
    return *std::move(best);
  }

  CutTrial& trial_;
  const Badness& badness_;
  Badness compare_;
  const FeatureSearchOptions& options_;
  const codec::ChannelAxis axis_;
  std::vector<Value> values_;
  Design best_;
  double bytes_ = 0;
  double first_bytes_ = 0;
  double step_ = 0;
  int designs_ = 0;
};

}  // namespace

FeatureSearchOptions FeatureSearchOptions::for_cut(const graph::Cut& cut) {
  constexpr std::int64_t kProbingMacs = 3'000'000'000'000;
  constexpr std::int64_t kDesignMacs = 300'000'000'000;
  constexpr std::size_t kLeastSamples = 16;
  FeatureSearchOptions options;
  if (cut.tail_macs <= 0) return options;
  options.probing_runs =
      std::min(options.probing_runs, static_cast<std::size_t>(kProbingMacs / cut.tail_macs));
  options.design_samples = std::clamp(static_cast<std::size_t>(kDesignMacs / cut.tail_macs),
                                      kLeastSamples, options.design_samples);
  return options;
}

Result<FeatureChoice> search_features(CutTrial& trial, const Badness& badness,
                                      const FeatureSearchOptions& options) {
  const auto begin = [&](codec::ChannelAxis axis) -> Result<std::unique_ptr<Search>> {
    auto search = std::make_unique<Search>(trial, badness, options, axis);
    CLEAVE_CHECK(search->begin());
    return search;
  };
  auto search = CLEAVE_TRY(begin(codec::ChannelAxis::kBeforePlane));
  const bool either = std::ranges::any_of(trial.values(0), [](const Tensor& value) {
    return is_floating(value.dtype()) && value.shape().size() == kEitherAxis;
  });
  int dropped = 0;
  if (either) {
    auto other = CLEAVE_TRY(begin(codec::ChannelAxis::kLast));
    if (other->bytes() < search->bytes()) std::swap(search, other);
    dropped = other->designs();
  }
  auto choice = CLEAVE_TRY(search->improve());
  choice.designs += dropped;
  return choice;
}

}  // namespace cleave::study
