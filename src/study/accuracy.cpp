#include "study/accuracy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "data/labels.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.accuracy";
constexpr std::size_t kTop = 5;
/// How far from 1 the sum of a distribution may be.
constexpr double kDistributionTolerance = 1e-3;
/// Below this a probability is taken to be this: what is next to impossible stays finite.
constexpr double kLeastProbability = std::numeric_limits<float>::min();

/// Networks that make 8-bit pictures overshoot here and there, fast neural style in one value of
/// twenty; a set's brightest is half of 255 or more. Both bounds are ours.
constexpr double kLeastByteShare = 0.9;
constexpr double kHalfBright = 128;
constexpr double kBytePeak = 255;

/// Σ p (log p - log q), in nats.
double kl_nats(std::span<const float> uncut, std::span<const float> found) {
  const bool as_they_are = is_distribution(uncut);
  const std::vector<double> p = log_probabilities(uncut, as_they_are);
  const std::vector<double> q = log_probabilities(found, as_they_are);
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += std::exp(p[i]) * (p[i] - q[i]);
  // Rounding may bring equal distributions below their least distance.
  return std::max(sum, 0.0);
}

Result<void> score_label(const Tensor& output, std::int64_t label, SampleScore& score) {
  if (label < 0 || label >= output.elements()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "label " + std::to_string(label) + ", expected one of the network's " +
                    std::to_string(output.elements()) + " classes");
  }
  const std::vector<data::ClassScore> best = CLEAVE_TRY(data::top_k(output, kTop));
  score.top1 = best.front().index == label;
  if (output.elements() > static_cast<std::int64_t>(kTop))
    score.top5 = std::ranges::find(best, label, &data::ClassScore::index) != best.end();
  return {};
}

Result<void> score_classes(const Tensor& output, const Tensor& uncut, SampleScore& score) {
  const auto found = CLEAVE_TRY(data::top_k(output, 1));
  const auto expected = CLEAVE_TRY(data::top_k(uncut, 1));
  score.agrees = found.front().index == expected.front().index;
  score.kl_nats = kl_nats(uncut.as<float>(), output.as<float>());
  return {};
}

void score_picture(const Tensor& output, const Tensor& uncut, SampleScore& score) {
  const auto expected = uncut.as<float>();
  score.squared_error = mean_squared_error(output.as<float>(), expected);
  const auto [lowest, highest] = std::ranges::minmax(expected);
  score.lowest = lowest;
  score.highest = highest;
  const auto bytes =
      std::ranges::count_if(expected, [](float v) { return v >= 0 && v <= kBytePeak; });
  score.byte_share = static_cast<double>(bytes) / static_cast<double>(expected.size());
}

}  // namespace

double mean_squared_error(std::span<const float> found, std::span<const float> expected) {
  double squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = double{found[i]} - expected[i];
    squares += difference * difference;
  }
  return squares / static_cast<double>(expected.size());
}

bool is_distribution(std::span<const float> scores) {
  const bool positive = std::ranges::all_of(scores, [](float s) { return s >= 0; });
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  return positive && std::abs(sum - 1) <= kDistributionTolerance;
}

std::vector<double> log_probabilities(std::span<const float> scores, bool as_they_are) {
  std::vector<double> logs(scores.begin(), scores.end());
  if (as_they_are) {
    for (double& p : logs) p = std::log(std::max(p, kLeastProbability));
    return logs;
  }
  const double highest = *std::ranges::max_element(logs);
  double sum = 0;
  for (const double x : logs) sum += std::exp(x - highest);
  for (double& x : logs) x -= highest + std::log(sum);
  return logs;
}

Result<OutputKind> output_kind(const Tensor& output) {
  const auto wide = std::ranges::count_if(output.shape(), [](auto d) { return d != 1; });
  if (output.dtype() == DType::kF32 && output.elements() > 1)
    return wide == 1 ? OutputKind::kClasses : OutputKind::kPicture;
  return fail(ErrorCode::kUnsupported, kPlace,
              "the output is " + std::string(dtype_name(output.dtype())) + " " +
                  shape_text(output.shape()) +
                  ", expected f32 scores of classes or values in places");
}

Result<SampleScore> score_output(const Tensor& output, const Tensor* uncut,
                                 std::optional<std::int64_t> label) {
  const OutputKind kind = CLEAVE_TRY(output_kind(output));
  if (uncut != nullptr && (uncut->shape() != output.shape() || uncut->dtype() != output.dtype())) {
    return fail(ErrorCode::kInternal, kPlace,
                "the output is " + shape_text(output.shape()) + ", the uncut network's " +
                    shape_text(uncut->shape()));
  }
  SampleScore score;
  if (kind == OutputKind::kPicture) {
    if (uncut != nullptr) score_picture(output, *uncut, score);
    return score;
  }
  if (label) CLEAVE_CHECK(score_label(output, *label, score));
  if (uncut != nullptr) CLEAVE_CHECK(score_classes(output, *uncut, score));
  return score;
}

void Accuracy::Share::add(const std::optional<bool>& hit) {
  if (!hit) return;
  ++samples;
  if (*hit) ++hits;
}

std::optional<Estimate> Accuracy::Share::estimate() const {
  if (samples == 0) return std::nullopt;
  return share(hits, samples);
}

void Accuracy::add(const SampleScore& score) {
  ++samples_;
  top1_.add(score.top1);
  top5_.add(score.top5);
  agreement_.add(score.agrees);
  if (score.kl_nats) kl_nats_.add(*score.kl_nats);
  if (score.squared_error) add_picture(score);
}

void Accuracy::add_picture(const SampleScore& score) {
  lowest_ = std::min(lowest_, score.lowest);
  highest_ = std::max(highest_, score.highest);
  byte_share_.add(score.byte_share);
  if (*score.squared_error == 0)
    ++equal_;
  else
    error_db_.add(10 * std::log10(*score.squared_error));
}

Peak Accuracy::peak() const {
  if (byte_share_.estimate().value >= kLeastByteShare && highest_ >= kHalfBright)
    return {kBytePeak, false};
  return {highest_ - lowest_, true};
}

AccuracyReport Accuracy::report() const {
  AccuracyReport report;
  report.samples = samples_;
  report.top1 = top1_.estimate();
  report.top5 = top5_.estimate();
  report.agreement = agreement_.estimate();
  if (kl_nats_.samples() > 0) report.kl_nats = kl_nats_.estimate();
  report.equal_pictures = equal_;
  if (equal_ + error_db_.samples() == 0) return report;
  report.psnr_peak = peak();
  if (error_db_.samples() == 0) return report;
  const Estimate error_db = error_db_.estimate();
  const double peak_db = 20 * std::log10(report.psnr_peak->value);
  report.psnr_db = Estimate{peak_db - error_db.value, peak_db - error_db.high,
                            peak_db - error_db.low, error_db.samples};
  return report;
}

}  // namespace cleave::study
