#include "codec/fast_priors.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace cleave::codec {
namespace {

constexpr std::size_t kWeights = 3;
/// Planes of at least so many coefficients have a prior each where priors are in the payload.
constexpr std::size_t kToldPlane = 64;
/// Diagonals of frequencies two by two.
constexpr int kDiagonals = 8;
constexpr std::size_t diagonal_of(std::size_t frequency) {
  return (frequency / 8 + frequency % 8 + 1) / 2;
}
/// A frequency on the diagonal.
constexpr std::size_t place_on(int diagonal) {
  const int sum = 2 * diagonal - (diagonal > 0 ? 1 : 0);
  return static_cast<std::size_t>(8 * (sum / 2) + sum - sum / 2);
}

}  // namespace

FastPriors FastPriors::plain(int components, int block) {
  FastPriors priors;
  priors.component.resize(static_cast<std::size_t>(components));
  priors.shape = usual_shape(block > 1);
  return priors;
}

void FastPriors::write_plain(const CoefficientLayout& layout, Bytes& out) const {
  for (const std::uint8_t weight : {prior_weight, past_weight, above_weight})
    out.push_back(static_cast<std::byte>(weight));
  const std::size_t told = layout.pixels() < kToldPlane ? 1 : component.size();
  for (std::size_t k = 0; k < told; ++k) out.push_back(static_cast<std::byte>(component[k]));
  if (layout.block == 1) return;
  for (int d = 0; d < kDiagonals; ++d) out.push_back(static_cast<std::byte>(place[place_on(d)]));
}

Result<FastPriors> FastPriors::read_plain(const CoefficientLayout& layout,
                                          std::span<const std::byte>& in) {
  FastPriors priors = plain(layout.components, layout.block);
  const std::size_t told = layout.pixels() < kToldPlane ? 1 : priors.component.size();
  const std::size_t size = kWeights + told + (layout.block == 1 ? 0 : kDiagonals);
  if (in.size() < size)
    return fail(ErrorCode::kNeedMoreBytes, "codec.cleave",
                "what is expected of planes in " + std::to_string(in.size()) + " bytes, expected " +
                    std::to_string(size));
  priors.prior_weight = std::to_integer<std::uint8_t>(in[0]);
  priors.past_weight = std::to_integer<std::uint8_t>(in[1]);
  priors.above_weight = std::to_integer<std::uint8_t>(in[2]);
  const auto at = [&](std::size_t i) { return static_cast<std::int8_t>(in[kWeights + i]); };
  for (std::size_t k = 0; k < priors.component.size(); ++k)
    priors.component[k] = at(told == 1 ? 0 : k);
  if (layout.block > 1)
    for (std::size_t f = 0; f < kFrequencies; ++f)
      priors.place[f] = std::min<std::int8_t>(at(told + diagonal_of(f)), 0);
  in = in.subspan(size);
  return priors;
}

std::vector<std::uint8_t> frequencies_of(const CoefficientLayout& layout) {
  return codec::frequencies_of(BlockAxis(layout.height, layout.block),
                               BlockAxis(layout.width, layout.block));
}

std::vector<std::uint8_t> rows_with_above(const CoefficientLayout& layout) {
  const BlockAxis rows(layout.height, layout.block);
  std::vector<std::uint8_t> result;
  for (int y = 0; y < layout.height; ++y)
    result.push_back(y > 0 && (layout.block == 1 || rows.offset(y) > 0) ? 1 : 0);
  return result;
}

FastPriorFit::FastPriorFit(const CoefficientLayout& layout, const FastPriors& known)
    : layout_(layout),
      known_(known),
      frequencies_(frequencies_of(layout)),
      has_above_(rows_with_above(layout)),
      sum_(static_cast<std::size_t>(layout.components) * kFrequencies),
      count_(kFrequencies),
      past_(layout.pixels()) {
  for (const std::uint8_t frequency : frequencies_) count_[frequency] += 1;
}

void FastPriorFit::add(std::span<const std::int32_t> coded) {
  const std::size_t pixels = layout_.pixels();
  for (std::size_t i = 0; i < pixels; ++i)
    past_[i] = 2 * std::exp2((known_.component[0] + known_.place[frequencies_[i]]) / 8.0);
  for (std::size_t k = 0; k < static_cast<std::size_t>(layout_.components); ++k)
    add_plane(k, coded.subspan(k * pixels, pixels));
  images_ += 1;
}

void FastPriorFit::add_plane(std::size_t component, std::span<const std::int32_t> plane) {
  const auto width = static_cast<std::size_t>(layout_.width);
  std::array<double, kFrequencies> prior;
  for (std::size_t f = 0; f < kFrequencies; ++f)
    prior[f] = std::exp2((known_.component[component] + known_.place[f]) / 8.0);
  for (std::size_t i = 0; i < plane.size(); ++i) {
    const std::uint8_t frequency = frequencies_[i];
    const double magnitude = std::min(std::abs(plane[i]), kMostRecalled);
    const double above = has_above_[i / width] != 0 ? std::abs(plane[i - width]) : 0;
    const std::array<double, 4> row{prior[frequency], past_[i],
                                    std::min<double>(above, kMostRecalled), magnitude};
    // Errors count by their part of what is expected.
    const double weight = 1 / (0.05 + row[0]);
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 4; ++b) moments_[a][b] += weight * row[a] * row[b];
    past_[i] += 3 * (magnitude - past_[i]) / 16;
    sum_[component * kFrequencies + frequency] += magnitude;
  }
}

FastPriors FastPriorFit::priors() const {
  FastPriors priors = known_;
  set_means(priors);
  set_weights(priors);
  return priors;
}

/// A component's mean times a frequency's beside the greatest.
void FastPriorFit::set_means(FastPriors& priors) const {
  std::vector<double> component(priors.component.size());
  std::array<double, kFrequencies> place{};
  for (std::size_t k = 0; k < component.size(); ++k)
    for (std::size_t f = 0; f < kFrequencies; ++f) {
      component[k] += sum_[k * kFrequencies + f];
      place[f] += sum_[k * kFrequencies + f];
    }
  const double all = std::accumulate(component.begin(), component.end(), 0.0);
  for (std::size_t f = 0; f < kFrequencies; ++f) place[f] /= std::max(1.0, count_[f]);
  const double most = std::ranges::max(place);
  const auto eighths = [](double ratio, double limit) {
    return static_cast<std::int8_t>(
        std::clamp(std::round(8 * std::log2(std::max(ratio, 1e-9))), -128.0, limit));
  };
  for (std::size_t k = 0; k < component.size(); ++k)
    priors.component[k] =
        eighths(all > 0 ? component[k] / all * most / std::max(1.0, images_) : 0, 127);
  for (std::size_t f = 0; f < kFrequencies; ++f)
    priors.place[f] = most > 0 && count_[f] > 0 ? eighths(place[f] / most, 0) : std::int8_t{0};
}

/// Those with the least squared error, none below 0: what would be is left out.
void FastPriorFit::set_weights(FastPriors& priors) const {
  std::array<double, 3> weight{};
  std::array<bool, 3> used{true, true, true};
  for (bool again = true; again;) {
    auto rows = moments_;
    again = false;
    for (std::size_t a = 0; a < 3; ++a) {
      constexpr double kLeastPivot = 1e-9;
      used[a] = used[a] && rows[a][a] > kLeastPivot * moments_[a][a] && rows[a][a] > 0;
      for (std::size_t b = 0; b < 3; ++b) {
        if (b == a || !used[a] || !used[b]) continue;
        const double part = rows[b][a] / rows[a][a];
        for (std::size_t i = 0; i < 4; ++i) rows[b][i] -= part * rows[a][i];
      }
    }
    for (std::size_t a = 0; a < 3; ++a) {
      weight[a] = used[a] ? rows[a][3] / rows[a][a] : 0;
      if (weight[a] < 0) {
        used[a] = false;
        again = true;
      }
    }
  }
  if (weight[0] + weight[1] + weight[2] <= 0) return;
  const auto byte = [](double w) {
    return static_cast<std::uint8_t>(std::clamp(std::round(256 * w), 0.0, 255.0));
  };
  // A prior of nothing would leave places where nothing is ever expected.
  priors.prior_weight = std::max<std::uint8_t>(byte(weight[0]), 8);
  priors.past_weight = byte(weight[1]);
  priors.above_weight = byte(weight[2]);
}

}  // namespace cleave::codec
