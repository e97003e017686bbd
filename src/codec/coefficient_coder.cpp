#include "codec/coefficient_coder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "codec/arithmetic_coder.h"
#include "codec/coefficient_contexts.h"

namespace cleave::codec {

struct CoefficientModel::Impl : CoefficientContexts {
  using CoefficientContexts::CoefficientContexts;
};

namespace {

constexpr int kBytesPerWeight = 2;

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
class CoefficientWriter {
 public:
  CoefficientWriter(CoefficientContexts& model, const RateDistortion& trade, Bytes& out)
      : model_(model), trade_(trade), coder_(out) {}

  ArithmeticEncoder& coder() { return coder_; }

  /// Writes the coefficient nearest to `value` or one that is cheaper by more than it is worse.
  std::int32_t write(const CoefficientContexts::Surroundings& s, float value) {
    const double magnitude = std::abs(static_cast<double>(value));
    const auto nearest =
        static_cast<int>(std::min(magnitude + 0.5, static_cast<double>(kMaxCoefficient)));
    const int asked = std::min(nearest, kEscape - 1);
    for (int floor = 0; floor <= asked; ++floor) above_[floor] = predict(s, floor);
    int chosen = nearest;
    if (nearest > 0) {
      sign_cost_ = cost_bits(value < 0, model_.predict_sign(s, sign_));
      chosen = cheapest(magnitude, nearest);
    }
    for (int floor = 0; floor <= std::min(chosen, kEscape - 1); ++floor) {
      if (floor >= kPlainQuestions) {
        coder_.encode(chosen > floor, above_[floor]);
        model_.plain(s, floor).learn(chosen > floor);
        continue;
      }
      // From the third question on they share what they learn: ask again.
      if (floor >= kQuestions) predict(s, floor);
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
  Probability predict(const CoefficientContexts::Surroundings& s, int floor) {
    if (floor < kPlainQuestions) return model_.predict(s, floor, mixings_[floor]);
    return std::clamp<Probability>(model_.plain(s, floor).one, 64, 65472);
  }

  int cheapest(double magnitude, int nearest) const {
    // Bits of what nearest and the one below it both answer.
    double below = 0;
    for (int floor = 0; floor < std::min(nearest - 1, kEscape); ++floor)
      below += cost_bits(true, above_[floor]);
    double last = below;
    if (nearest <= kEscape) last += cost_bits(true, above_[nearest - 1]);
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
    if (candidate < kEscape) bits += cost_bits(false, above_[candidate]);
    if (candidate >= kEscape) bits += 1 + 2 * std::log2(candidate - kEscape + 1);
    const double read = candidate == 0 ? 0 : candidate - trade_.shrink[std::min(candidate, 3) - 1];
    return (magnitude - read) * (magnitude - read) + trade_.bit_price * bits;
  }

  CoefficientContexts& model_;
  const RateDistortion& trade_;
  ArithmeticEncoder coder_;
  std::array<MagnitudeMixing, kPlainQuestions> mixings_;
  std::array<Probability, kEscape> above_{};  ///< the probability of more than each magnitude
  SignMixing sign_;
  double sign_cost_ = 0;
};

std::int32_t read_coefficient(CoefficientContexts& model,
                              const CoefficientContexts::Surroundings& s,
                              ArithmeticDecoder& coder) {
  MagnitudeMixing mixing;
  std::int32_t magnitude = 0;
  while (magnitude < kEscape) {
    bool above = false;
    if (magnitude < kPlainQuestions) {
      above = coder.decode(model.predict(s, magnitude, mixing));
      mixing.learn(above);
    } else {
      BitStatistics& plain = model.plain(s, magnitude);
      above = coder.decode(std::clamp<Probability>(plain.one, 64, 65472));
      plain.learn(above);
    }
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
  CoefficientWriter writer(model, trade, out);
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
