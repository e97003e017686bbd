#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <utility>
#include <vector>

#include "codec/coefficient_geometry.h"
#include "codec/logistic_mixing.h"

/// From what coefficients are predicted: their neighbours within and across planes.
namespace cleave::codec {

inline constexpr std::size_t kMagnitudeContexts = 6;
inline constexpr std::size_t kSignContexts = 3;
using MagnitudeMixing = Mixing<kMagnitudeContexts>;
using SignMixing = Mixing<kSignContexts>;

/// Questions about a magnitude: is it above 0? above 1? above 2, 3, …?
inline constexpr int kQuestions = 3;
/// From here on they are asked of one context alone, which is as good there and faster.
inline constexpr int kPlainQuestions = 4;
/// From here on a magnitude is an Exp-Golomb code of even bits.
inline constexpr int kEscape = 18;
/// Classes of sums of neighbours.
inline constexpr int kLevels = 10;
/// Components beyond share their statistics.
inline constexpr int kMostGroups = 512;
/// Magnitudes are remembered up to this.
inline constexpr int kMostRemembered = 63;

inline int level_of(int sum) {
  constexpr std::array<std::uint8_t, 24> kLevelOf{0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 7, 7,
                                                  7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9};
  return kLevelOf[std::min<std::size_t>(static_cast<std::size_t>(sum), kLevelOf.size() - 1)];
}

/// Classes of large sums: two for each doubling.
inline constexpr int kFineLevels = 20;

inline int fine_level_of(int sum) {
  const auto value = static_cast<unsigned>(sum) + 2;
  const int doublings = std::bit_width(value) - 1;
  return std::min(2 * (doublings - 1) + static_cast<int>(value >> (doublings - 1) & 1),
                  kFineLevels - 1);
}

/// -1, 0, 1 as 0, 1, 2.
inline int sign_class(int value) { return value < 0 ? 0 : value > 0 ? 2 : 1; }

/// A row of a table of statistics for each context that predicts.
struct TableSizes {
  explicit TableSizes(const CoefficientLayout& layout)
      : groups(std::min(layout.components, kMostGroups)),
        bands(CoefficientGeometry::bands(layout.block)),
        magnitude{groups * bands,
                  bands * kLevels * kLevels,
                  bands * kLevels * kLevels,
                  groups * kLevels,
                  (layout.block == 1 ? 1 : kPlaces) * kLevels,
                  4 * 4 * 4 * 4 * 4},
        sign{groups * bands, bands * 27, bands * 27} {
    const auto place = [this](int rows) { return std::exchange(statistics, statistics + rows); };
    for (std::size_t i = 0; i < kMagnitudeContexts; ++i)
      magnitude_at[i] = place(kQuestions * magnitude[i]);
    for (std::size_t i = 0; i < kSignContexts; ++i) sign_at[i] = place(sign[i]);
    plain_at = place(kFineLevels * (kEscape - kPlainQuestions));
    place(2 * groups);
  }

  int groups;
  int bands;
  std::array<int, kMagnitudeContexts> magnitude;
  std::array<int, kSignContexts> sign;
  /// Where the tables begin among all statistics, and how many these are.
  std::array<int, kMagnitudeContexts> magnitude_at{};
  std::array<int, kSignContexts> sign_at{};
  int plain_at = 0;
  int statistics = 0;
};

/// What is known of an image's coefficients and of images before it. Not thread-safe.
struct CoefficientContexts {
  CoefficientLayout layout;
  TableSizes sizes;
  CoefficientGeometry geometry;
  std::vector<BitStatistics> statistics;
  std::vector<MixWeights<kMagnitudeContexts>> magnitude_weights;  ///< by question and band
  std::vector<MixWeights<kSignContexts>> sign_weights;            ///< by band
  /// Of all planes, each with a zero behind it.
  std::vector<std::uint8_t> magnitudes;
  std::vector<std::int8_t> signs;
  bool plane_before = true;  ///< whether the component before had any

  /// What is known around the coefficient that is next.
  struct Surroundings {
    int group = 0;
    int band = 0;
    std::array<int, kMagnitudeContexts> rows{};
    std::array<int, kSignContexts> sign_rows{};
    int plain_row = 0;
  };

  explicit CoefficientContexts(const CoefficientLayout& of)
      : layout(of),
        sizes(of),
        geometry(of),
        statistics(static_cast<std::size_t>(sizes.statistics)),
        magnitude_weights(static_cast<std::size_t>(kQuestions * sizes.bands)),
        sign_weights(static_cast<std::size_t>(sizes.bands)),
        magnitudes(static_cast<std::size_t>(of.components) * (of.pixels() + 1)),
        signs(magnitudes.size()) {
    for (auto& weights : magnitude_weights) weights.fill(65536 * 3 / 10);
    for (auto& weights : sign_weights) weights.fill(65536 * 4 / 10);
  }

  Surroundings look(int component, const CoefficientSite& site) const {
    const std::size_t stride = layout.pixels() + 1;
    const std::uint8_t* here = &magnitudes[component * stride];
    const std::int8_t* sign = &signs[component * stride];
    const std::uint8_t* one = component > 0 ? here - stride : nullptr;
    const std::uint8_t* two = component > 1 ? one - stride : nullptr;
    const auto& b = site.blocks;
    const auto& l = site.lower;
    const int around = 2 * (here[b[0]] + here[b[1]]) + here[b[2]] + here[b[3]];
    const int below = 2 * (here[l[0]] + here[l[1]]) + here[l[2]] + here[l[3]] + here[l[4]];
    int across = 0;
    int nearest = 0;
    std::int8_t one_sign = 0;
    if (one != nullptr) {
      nearest = one[site.at];
      one_sign = (sign - stride)[site.at];
      across = 3 * nearest + one[b[0]] + one[b[1]] + one[site.later[0]] + one[site.later[1]];
    }
    if (two != nullptr) across += 2 * two[site.at];
    const auto few = [](int v) { return std::min(v, 3); };
    Surroundings s;
    s.group = layout.components <= kMostGroups
                  ? component
                  : static_cast<int>(std::int64_t{component} * kMostGroups / layout.components);
    s.band = sizes.bands == 1 ? 0 : site.band;
    const int place = layout.block == 1 ? 0 : site.place;
    s.rows = {
        s.group * sizes.bands + s.band,
        (s.band * kLevels + level_of(around)) * kLevels + level_of(below),
        (s.band * kLevels + level_of(across)) * kLevels + level_of((around + below + 1) / 2),
        s.group * kLevels + level_of((around + below + across + 1) / 2),
        place * kLevels + level_of((around + below + across) / 2),
        (((few(here[b[0]]) * 4 + few(here[b[1]])) * 4 + few(nearest)) * 4 + few(here[l[0]])) * 4 +
            few(here[l[1]])};
    s.plain_row = fine_level_of(around + below + across);
    s.sign_rows = {s.group * sizes.bands + s.band,
                   s.band * 27 + (sign_class(sign[b[0]]) * 3 + sign_class(sign[b[1]])) * 3 +
                       sign_class(one_sign),
                   s.band * 27 + (sign_class(sign[l[0]]) * 3 + sign_class(sign[l[1]])) * 3 +
                       sign_class(sign[b[2]])};
    return s;
  }

  /// Of whether any coefficient of a component is not zero, given whether any was before it.
  BitStatistics& plane_flag(int component) {
    const auto group = static_cast<std::size_t>(std::min(component, sizes.groups - 1));
    return statistics[statistics.size() - 2 * group - 1 - (plane_before ? 1 : 0)];
  }

  void learn_plane(BitStatistics& flag, bool any) {
    flag.learn(any);
    plane_before = any;
  }

  /// The prediction whether the magnitude is above `floor`.
  Probability predict(const Surroundings& s, int floor, MagnitudeMixing& mixing) {
    const int question = std::min(floor, kQuestions - 1);
    std::array<BitStatistics*, kMagnitudeContexts> contexts;
    for (std::size_t i = 0; i < kMagnitudeContexts; ++i)
      contexts[i] = &statistics[sizes.magnitude_at[i] + kQuestions * s.rows[i] + question];
    return mixing.predict(contexts, magnitude_weights[question * sizes.bands + s.band]);
  }

  BitStatistics& plain(const Surroundings& s, int floor) {
    return statistics[sizes.plain_at + s.plain_row * (kEscape - kPlainQuestions) + floor -
                      kPlainQuestions];
  }

  Probability predict_sign(const Surroundings& s, SignMixing& mixing) {
    std::array<BitStatistics*, kSignContexts> contexts;
    for (std::size_t i = 0; i < kSignContexts; ++i)
      contexts[i] = &statistics[sizes.sign_at[i] + s.sign_rows[i]];
    return mixing.predict(contexts, sign_weights[s.band]);
  }

  void remember(int component, int at, std::int32_t value) {
    const std::size_t place = component * (layout.pixels() + 1) + at;
    magnitudes[place] = static_cast<std::uint8_t>(std::min(std::abs(value), kMostRemembered));
    signs[place] = static_cast<std::int8_t>((value > 0) - (value < 0));
  }

  void forget_image() {
    std::ranges::fill(magnitudes, std::uint8_t{0});
    std::ranges::fill(signs, std::int8_t{0});
    plane_before = true;
  }
};

}  // namespace cleave::codec
