#include "reproduce/shared_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "reproduce/probe.h"
#include "reproduce/trained.h"
#include "study/samples.h"

namespace cleave::reproduce {
namespace {

constexpr double kSigmas = 3;       // paper, section 2
constexpr double kCaptionsEnd = 2;  // paper, figure 3
constexpr int kBins = 80;
/// Where the histograms end, in deviations from the mean; ours.
constexpr double kShownSigmas = 5;

/// A value that is looked at, by its name in the network's file.
struct Place {
  Trained network;
  std::string_view value;
  std::string_view title;
};
// The paper's 8th sum of ResNet-34 begins the third of four stages; so do ResNet-50's 8th and
// ResNet-56's 19th of three. Where a network rectifies behind the sum, as ResNet-34 does, the
// paper's values, some of which are negative, are those before.
constexpr std::array kPlaces{
    Place{kResNet50v2, "add_88", "8th add"},
    Place{kResNet50v2, "batchnormalization_89", "normalisation behind it"},
    Place{kResNet50v2, "relu_90", "rectifier behind that"},
    Place{kResNet56, "add_58", "8th add"},
    Place{kResNet56, "add_139", "19th add"},
    Place{kResNet56, "relu_140", "rectifier behind it"},
};

double percent(std::span<const float> values, double low, double high) {
  const auto inside = std::ranges::count_if(values, [=](float v) { return v >= low && v <= high; });
  return 100 * static_cast<double>(inside) / static_cast<double>(values.size());
}

double moment(std::span<const float> values, double mean, int power) {
  double sum = 0;
  for (const float value : values) sum += std::pow(value - mean, power);
  return sum / static_cast<double>(values.size());
}

/// Percent of the values in each bin, and of a normal variable.
Panel histogram(std::span<const float> values, const SpreadRow& row) {
  const Spread& s = row.spread;
  Panel panel{row.network + ", " + row.place, {}, {{"values", {}}, {"normal", {}}}};
  panel.marks = {s.mean - kSigmas * s.deviation, s.mean + kSigmas * s.deviation};
  const double low = s.mean - kShownSigmas * s.deviation;
  const double width = 2 * kShownSigmas * s.deviation / kBins;
  std::vector<double> counts(kBins, 0);
  for (const float value : values) {
    const double bin = std::floor((value - low) / width);
    if (bin >= 0 && bin < kBins) ++counts[static_cast<std::size_t>(bin)];
  }
  for (int i = 0; i < kBins; ++i) {
    const double middle = low + (i + 0.5) * width;
    const double z = (middle - s.mean) / s.deviation;
    panel.points.push_back(fmt::format("{:.6g}", middle));
    panel.series[0].values.push_back(100 * counts[static_cast<std::size_t>(i)] /
                                     static_cast<double>(values.size()));
    panel.series[1].values.push_back(100 * width / s.deviation * std::exp(-z * z / 2) /
                                     std::sqrt(2 * std::numbers::pi));
  }
  return panel;
}

/// One value over all photos.
Result<std::vector<float>> values_at(const graph::Model& model, const Place& place,
                                     const study::Samples& samples, engine::Engine& engine) {
  const std::string name(place.value);
  Probe probe = CLEAVE_TRY(Probe::create(model, {name}, engine));
  std::vector<float> all;
  for (const std::vector<Tensor>& inputs : samples.inputs) {
    const auto values = CLEAVE_TRY(probe.run(inputs.front()));
    const auto numbers = values.at(name).as<float>();
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

}  // namespace

Spread spread_of(std::span<const float> values) {
  Spread s;
  for (const float value : values) s.mean += value / static_cast<double>(values.size());
  const double variance = moment(values, s.mean, 2);
  s.deviation = std::sqrt(variance);
  if (variance > 0) {
    s.skewness = moment(values, s.mean, 3) / (variance * s.deviation);
    s.excess_kurtosis = moment(values, s.mean, 4) / (variance * variance) - 3;
  }
  s.within_3_sigma_percent =
      percent(values, s.mean - kSigmas * s.deviation, s.mean + kSigmas * s.deviation);
  s.within_2_percent = percent(values, -kCaptionsEnd, kCaptionsEnd);
  s.zeros_percent = percent(values, 0, 0);
  return s;
}

Result<ValueStudy> study_values(const std::filesystem::path& data, engine::Engine& engine) {
  const std::vector<std::string> photos = CLEAVE_TRY(photos_of(data));
  ValueStudy study;
  study.figure = {
      "figure_3",
      "Values of trained networks on photos; dashed: mean and 3 deviations to each side",
      "",
      Style::kLines,
      "value",
      "% of the values",
      3,
      {}};
  for (const Place& place : kPlaces) {
    const graph::Model model = CLEAVE_TRY(load_trained(data, place.network, engine));
    const study::Samples samples =
        CLEAVE_TRY(study::load_samples(model, photos, place.network.preprocess, photos.size()));
    const std::vector<float> values = CLEAVE_TRY(values_at(model, place, samples, engine));
    SpreadRow row{std::string(place.network.title), std::string(place.title), spread_of(values)};
    study.figure.panels.push_back(histogram(values, row));
    study.rows.push_back(std::move(row));
  }
  return study;
}

std::string spreads_csv(const std::vector<SpreadRow>& rows) {
  std::string csv =
      "network,place,mean,deviation,within_3_sigma_percent,within_2_percent,zeros_percent,skewness,"
      "excess_kurtosis\n";
  for (const SpreadRow& row : rows) {
    const Spread& s = row.spread;
    csv += fmt::format("{},{},{:.4g},{:.4g},{:.2f},{:.2f},{:.2f},{:.3g},{:.3g}\n",
                       csv_field(row.network), csv_field(row.place), s.mean, s.deviation,
                       s.within_3_sigma_percent, s.within_2_percent, s.zeros_percent, s.skewness,
                       s.excess_kurtosis);
  }
  return csv;
}

std::vector<Claim> spread_claims(const std::vector<SpreadRow>& rows) {
  std::vector<Claim> claims;
  for (const SpreadRow& row : rows) {
    // The paper speaks of sums; the other places are there to compare.
    if (!row.place.ends_with("add")) continue;
    const Spread& s = row.spread;
    const std::string place = row.network + ", " + row.place + ": ";
    claims.push_back({place + "within 3 deviations", "over 99%", "-",
                      fmt::format("{:.1f}%", s.within_3_sigma_percent)});
    claims.push_back(
        {place + "within [-2, 2]", "nearly all", "-", fmt::format("{:.1f}%", s.within_2_percent)});
    claims.push_back({place + "skewness, excess kurtosis", "0, 0 (normal)", "-",
                      fmt::format("{:.1f}, {:.1f}", s.skewness, s.excess_kurtosis)});
  }
  return claims;
}

}  // namespace cleave::reproduce
