#include "codec/coefficient_coder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "codec/arithmetic_coder.h"
#include "codec/coefficient_geometry.h"
#include "codec/logistic_mixing.h"

namespace cleave::codec {
namespace {

constexpr std::size_t kMagnitudeContexts = 6;
constexpr std::size_t kSignContexts = 3;
using MagnitudeMixing = Mixing<kMagnitudeContexts>;
using SignMixing = Mixing<kSignContexts>;

/// Questions about a magnitude: is it above 0? above 1? above 2, 3, …?
constexpr int kQuestions = 3;
/// From here on a magnitude is an Exp-Golomb code of even bits.
constexpr int kEscape = 18;
/// Classes of sums of neighbours.
constexpr int kLevels = 10;
/// Components beyond share their statistics.
constexpr int kMostGroups = 512;
/// Magnitudes are remembered up to this.
constexpr int kMostRemembered = 63;

int level_of(int sum) {
  constexpr std::array<std::uint8_t, 24> kLevelOf{0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 7, 7,
                                                  7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9};
  return kLevelOf[std::min<std::size_t>(static_cast<std::size_t>(sum), kLevelOf.size() - 1)];
}

/// -1, 0, 1 as 0, 1, 2.
int sign_class(int value) { return value < 0 ? 0 : value > 0 ? 2 : 1; }

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
    place(2 * groups);
  }

  int groups;
  int bands;
  std::array<int, kMagnitudeContexts> magnitude;
  std::array<int, kSignContexts> sign;
  /// Where the tables begin among all statistics, and how many these are.
  std::array<int, kMagnitudeContexts> magnitude_at{};
  std::array<int, kSignContexts> sign_at{};
  int statistics = 0;
};

constexpr int kBytesPerWeight = 2;

}  // namespace

struct CoefficientModel::Impl {
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
  };

  explicit Impl(const CoefficientLayout& of)
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

namespace {

/// Bits of the rest of a magnitude from kEscape on: Exp-Golomb, all even.
void encode_rest(ArithmeticEncoder& coder, std::uint32_t rest) {
  const std::uint32_t value = rest + 1;
  int bits = 0;
  while (value >> (bits + 1) != 0) ++bits;
  for (int i = 0; i < bits; ++i) coder.encode(true, 1 << 15);
  coder.encode(false, 1 << 15);
  for (int i = bits - 1; i >= 0; --i) coder.encode((value >> i & 1) != 0, 1 << 15);
}

std::uint32_t decode_rest(ArithmeticDecoder& coder) {
  int bits = 0;
  while (bits < 20 && coder.decode(1 << 15)) ++bits;
  std::uint32_t value = 1;
  for (int i = 0; i < bits; ++i) value = value << 1 | (coder.decode(1 << 15) ? 1 : 0);
  return value - 1;
}

/// Planes of at least this many coefficients have a bit that says whether any is not zero.
constexpr std::size_t kFlaggedPlane = 16;

/// Chooses and writes coefficients.
template <class Model>
class CoefficientWriter {
 public:
  CoefficientWriter(Model& model, const RateDistortion& trade, Bytes& out)
      : model_(model), trade_(trade), coder_(out) {}

  ArithmeticEncoder& coder() { return coder_; }

  /// Writes the coefficient nearest to `value` or one that is cheaper by more than it is worse.
  std::int32_t write(const typename Model::Surroundings& s, float value) {
    const double magnitude = std::abs(static_cast<double>(value));
    const auto nearest =
        static_cast<int>(std::min(magnitude + 0.5, static_cast<double>(kMaxCoefficient)));
    const int asked = std::min(nearest, kEscape - 1);
    for (int floor = 0; floor <= asked; ++floor) model_.predict(s, floor, mixings_[floor]);
    int chosen = nearest;
    if (nearest > 0) {
      sign_cost_ = cost_bits(value < 0, model_.predict_sign(s, sign_));
      chosen = cheapest(magnitude, nearest);
    }
    for (int floor = 0; floor <= std::min(chosen, kEscape - 1); ++floor) {
      // From the third question on they share what they learn: ask again.
      if (floor >= kQuestions) model_.predict(s, floor, mixings_[floor]);
      coder_.encode(chosen > floor, mixings_[floor].one());
      mixings_[floor].learn(chosen > floor);
    }
    if (chosen == 0) return 0;
    if (chosen >= kEscape) encode_rest(coder_, static_cast<std::uint32_t>(chosen - kEscape));
    coder_.encode(value < 0, sign_.one());
    sign_.learn(value < 0);
    return value < 0 ? -chosen : chosen;
  }

 private:
  int cheapest(double magnitude, int nearest) const {
    // Bits of what nearest and the one below it both answer.
    double below = 0;
    for (int floor = 0; floor < std::min(nearest - 1, kEscape); ++floor)
      below += cost_bits(true, mixings_[floor].one());
    double last = below;
    if (nearest <= kEscape) last += cost_bits(true, mixings_[nearest - 1].one());
    int best = 0;
    double best_cost = cost(magnitude, 0, 0);
    for (const int other : {nearest - 1, nearest}) {
      if (other == 0) continue;
      const double other_cost = cost(magnitude, other, other == nearest ? last : below);
      if (other_cost > best_cost) continue;
      best = other;
      best_cost = other_cost;
    }
    return best;
  }

  /// `below` are the bits of having said that it is above all that is below it.
  double cost(double magnitude, int candidate, double below) const {
    double bits = below + (candidate == 0 ? 0 : sign_cost_);
    if (candidate < kEscape) bits += cost_bits(false, mixings_[candidate].one());
    if (candidate >= kEscape) bits += 1 + 2 * std::log2(candidate - kEscape + 1);
    const double read = candidate == 0 ? 0 : candidate - trade_.shrink[std::min(candidate, 3) - 1];
    return (magnitude - read) * (magnitude - read) + trade_.bit_price * bits;
  }

  Model& model_;
  const RateDistortion& trade_;
  ArithmeticEncoder coder_;
  std::array<MagnitudeMixing, kEscape> mixings_;
  SignMixing sign_;
  double sign_cost_ = 0;
};

template <class Model>
std::int32_t read_coefficient(Model& model, const typename Model::Surroundings& s,
                              ArithmeticDecoder& coder) {
  MagnitudeMixing mixing;
  std::int32_t magnitude = 0;
  while (magnitude < kEscape) {
    const bool above = coder.decode(model.predict(s, magnitude, mixing));
    mixing.learn(above);
    if (!above) break;
    ++magnitude;
  }
  if (magnitude == 0) return 0;
  if (magnitude == kEscape)
    magnitude = static_cast<std::int32_t>(
        std::min<std::uint32_t>(kEscape + decode_rest(coder), kMaxCoefficient));
  SignMixing sign;
  const bool negative = coder.decode(model.predict_sign(s, sign));
  sign.learn(negative);
  return negative ? -magnitude : magnitude;
}

}  // namespace

std::size_t CoefficientModel::state_bytes(const CoefficientLayout& layout) {
  const TableSizes sizes(layout);
  const auto statistics = static_cast<std::size_t>(sizes.statistics);
  const auto bands = static_cast<std::size_t>(sizes.bands);
  return statistics + kBytesPerWeight * bands * (kQuestions * kMagnitudeContexts + kSignContexts);
}

CoefficientModel::CoefficientModel(const CoefficientLayout& layout,
                                   std::span<const std::uint8_t> state)
    : impl_(std::make_unique<Impl>(layout)) {
  if (state.empty()) return;
  const std::uint8_t* next = state.data();
  for (BitStatistics& statistic : impl_->statistics) statistic = BitStatistics::loaded(*next++);
  const auto load = [&](auto& sets) {
    for (auto& weights : sets)
      for (std::int32_t& weight : weights) {
        weight = static_cast<std::int16_t>(next[0] | next[1] << 8) * 16;
        next += kBytesPerWeight;
      }
  };
  load(impl_->magnitude_weights);
  load(impl_->sign_weights);
}

CoefficientModel::~CoefficientModel() = default;
CoefficientModel::CoefficientModel(CoefficientModel&&) noexcept = default;
CoefficientModel& CoefficientModel::operator=(CoefficientModel&&) noexcept = default;

ModelState CoefficientModel::state() const {
  ModelState state;
  for (const BitStatistics& statistic : impl_->statistics) state.push_back(statistic.stored());
  const auto save = [&](const auto& sets) {
    for (const auto& weights : sets)
      for (const std::int32_t weight : weights) {
        const auto stored = static_cast<std::uint16_t>(std::clamp(weight / 16, -32768, 32767));
        state.push_back(static_cast<std::uint8_t>(stored & 0xff));
        state.push_back(static_cast<std::uint8_t>(stored >> 8));
      }
  };
  save(impl_->magnitude_weights);
  save(impl_->sign_weights);
  return state;
}

void CoefficientModel::encode(std::span<const float> values, ComponentRange range,
                              const RateDistortion& trade, Bytes& out,
                              std::span<std::int32_t> coded) {
  Impl& model = *impl_;
  const std::size_t pixels = model.layout.pixels();
  if (range.begin == 0) model.forget_image();
  CoefficientWriter<Impl> writer(model, trade, out);
  for (int k = range.begin; k < range.end; ++k) {
    const auto plane = values.subspan(k * pixels, pixels);
    const auto plane_coded = coded.subspan(k * pixels, pixels);
    std::ranges::fill(plane_coded, 0);
    if (pixels >= kFlaggedPlane) {
      const bool any = std::ranges::any_of(plane, [](float v) { return std::abs(v) >= 0.5F; });
      BitStatistics& flag = model.plane_flag(k);
      writer.coder().encode(any, std::clamp<Probability>(flag.one, 64, 65472));
      model.learn_plane(flag, any);
      if (!any) continue;
    }
    model.geometry.for_each_site([&](const CoefficientSite& site) {
      const std::int32_t value = writer.write(model.look(k, site), plane[site.at]);
      plane_coded[site.at] = value;
      model.remember(k, site.at, value);
    });
  }
  writer.coder().finish();
}

void CoefficientModel::decode(std::span<const std::byte> in, ComponentRange range,
                              std::span<std::int32_t> coded) {
  Impl& model = *impl_;
  const std::size_t pixels = model.layout.pixels();
  if (range.begin == 0) model.forget_image();
  ArithmeticDecoder coder(in);
  for (int k = range.begin; k < range.end; ++k) {
    const auto plane_coded = coded.subspan(k * pixels, pixels);
    std::ranges::fill(plane_coded, 0);
    if (pixels >= kFlaggedPlane) {
      BitStatistics& flag = model.plane_flag(k);
      const bool any = coder.decode(std::clamp<Probability>(flag.one, 64, 65472));
      model.learn_plane(flag, any);
      if (!any) continue;
    }
    model.geometry.for_each_site([&](const CoefficientSite& site) {
      const std::int32_t value = read_coefficient(model, model.look(k, site), coder);
      plane_coded[site.at] = value;
      model.remember(k, site.at, value);
    });
  }
}

}  // namespace cleave::codec
