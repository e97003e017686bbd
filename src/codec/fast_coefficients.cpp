// Coefficients by static distributions of magnitudes: which one follows from a prior and from what
// is known around. Ours.
#include "codec/fast_coefficients.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "codec/feature_kernels.h"

namespace cleave::codec {
namespace {

/// Planes of at least so many coefficients have a symbol that says whether any is not zero, unless
/// 2^kSurelyUsed or more are expected.
constexpr std::size_t kFlaggedPlane = 16;
constexpr int kSurelyUsed = 6;
/// How likely a plane is used by the logarithm of what is expected in all of it, from less than
/// 2^-5 on, in 1/4096.
constexpr std::array<std::uint16_t, 12> kUsed{6,    90,   310,  690,  1230, 2340,
                                              3070, 3800, 3960, 4060, 4080, 4090};
constexpr int kUsedClasses = kUsed.size();

RansSymbol used_symbol(int level, bool used) {
  const std::uint16_t part = kUsed[level];
  const auto rest = static_cast<std::uint16_t>((1 << kRansBits) - part);
  return used ? RansSymbol{part, 0} : RansSymbol{rest, part};
}

/// 2^(bits + eighths / 8), rounded down.
std::int32_t power(int bits, int eighths) {
  // 2^(15 + i / 8).
  constexpr std::array<std::uint32_t, 8> kParts{32768, 35734, 38968, 42495,
                                                46341, 50535, 55109, 60097};
  const int shift = 15 - bits - (eighths >> 3);
  const std::uint32_t part = kParts[eighths & 7];
  return static_cast<std::int32_t>(shift > 31 ? 0 : shift >= 0 ? part >> shift : part << -shift);
}

/// Priors beyond are this, so that what is expected stays within 32 bits.
constexpr int kMostPriorEighths = 96;

/// More bits than any magnitude up to the largest takes: a symbol's, those of an escape, plain
/// ones, and what the coder loses.
std::size_t most_bits(std::int32_t largest) {
  return 36 + 2 * static_cast<std::size_t>(std::bit_width(static_cast<std::uint32_t>(largest)));
}

/// `count` plain bits in symbols, the lowest eight first. Like all that is put, last to first.
void put_plain(RansEncoder& coder, std::size_t state, std::uint32_t bits, int count) {
  for (int low = count == 0 ? -1 : (count - 1) / 8 * 8; low >= 0; low -= 8) {
    const int part = std::min(count - low, 8);
    coder.put(state, plain_symbol((bits >> low) & ((1U << part) - 1), part));
  }
}

std::uint32_t take_plain(RansDecoder& coder, std::size_t state, int count) {
  std::uint32_t bits = 0;
  for (int low = 0; low < count; low += 8)
    bits |= coder.take_plain(state, std::min(count - low, 8)) << low;
  return bits;
}

/// What kEscape leaves open, by Exp-Golomb: as many ones as the number has bits behind its first,
/// a zero, and these bits.
void put_rest(RansEncoder& coder, std::size_t state, std::uint32_t rest) {
  const int length = std::bit_width(rest + 1) - 1;
  put_plain(coder, state, (rest + 1) & ((1U << length) - 1), length);
  coder.put(state, plain_symbol(0, 1));
  for (int i = 0; i < length; ++i) coder.put(state, plain_symbol(1, 1));
}

constexpr int kMostRestBits = 21;

std::uint32_t take_rest(RansDecoder& coder, std::size_t state) {
  int length = 0;
  while (length < kMostRestBits && coder.take_plain(state, 1) == 1) ++length;
  return (1U << length | take_plain(coder, state, length)) - 1;
}

void put_signs(std::span<const std::int32_t> coded, BitWriter& bits) {
  while (!coded.empty()) {
    const auto run = coded.first(std::min(BitWriter::kMostHeld, coded.size()));
    for (const std::int32_t value : run)
      bits.put_if(value != 0 ? 1 : 0, static_cast<std::uint32_t>(value) >> 31);
    bits.flush();
    coded = coded.subspan(run.size());
  }
}

void take_signs(RansDecoder& from, std::span<std::int32_t> coded) {
  RansDecoder coder = from;
  while (!coded.empty()) {
    const auto run = coded.first(std::min(RansDecoder::kMostHeld, coded.size()));
    coder.refill();
    for (std::int32_t& value : run) {
      const auto negative = -static_cast<std::int32_t>(coder.bit_if(value != 0 ? 1 : 0));
      value = (value ^ negative) - negative;
    }
    coded = coded.subspan(run.size());
  }
  from = coder;
}

}  // namespace

FastCoefficientCoder::FastCoefficientCoder(const CoefficientLayout& layout, const FastModel& model,
                                           int step_eighths)
    : model_(model),
      layout_(layout),
      width_(static_cast<std::size_t>(layout.width)),
      has_above_(rows_with_above(layout)),
      nothing_(width_ + kSlack) {
  const FastPriors& priors = model.priors;
  for (const std::int8_t eighths : priors.component) {
    const int finer = std::min<int>(eighths - step_eighths, kMostPriorEighths);
    priors_.push_back(static_cast<std::int32_t>(
        (std::int64_t{power(kExpectationBits, finer)} * priors.prior_weight) >> 8));
  }
  for (const std::uint8_t frequency : frequencies_of(layout))
    profile_.push_back(power(kProfileBits, priors.place[frequency]));
  const std::size_t padded = layout.pixels() + kSlack;
  profile_.resize(padded);
  past_.resize(padded);
  expected_.resize(padded);
}

void FastCoefficientCoder::begin_image() {
  for (std::size_t i = 0; i < past_.size(); ++i)
    past_[i] = 2 * ((priors_[0] * profile_[i]) >> kProfileBits);
}

int FastCoefficientCoder::expect(std::size_t component) {
  const Expectation expectation{priors_[component], model_.priors.past_weight, profile_.data(),
                                past_.data()};
  const std::uint64_t total =
      best_feature_kernels().expect(expectation, layout_.pixels(), expected_.data());
  if (layout_.pixels() < kFlaggedPlane) return kUsedClasses;
  const int logarithm = static_cast<int>(std::bit_width(total)) - 1 - kExpectationBits;
  return std::clamp(logarithm - (kSurelyUsed - kUsedClasses), 0, kUsedClasses);
}

void FastCoefficientCoder::classify(std::size_t row, std::span<const std::int32_t> plane,
                                    std::uint8_t* classes) const {
  const std::int32_t* above = has_above_[row] != 0 ? &plane[(row - 1) * width_] : nothing_.data();
  best_feature_kernels().classify(&expected_[row * width_], above, model_.priors.above_weight,
                                  width_, classes);
}

/// Last to first; the states take turns anew in every row.
void FastCoefficientCoder::put_magnitudes(std::span<const std::int32_t> plane,
                                          const std::uint8_t* classes, RansEncoder& to) const {
  static_assert(kRansStates == 2);
  RansEncoder coder = to;
  const auto put = [&](std::size_t i, std::size_t state) {
    const int level = classes[i];
    const Distribution& distribution = model_.distributions.of_level(level);
    const int magnitude = std::abs(plane[i]);
    int symbol = magnitude;
    if (level >= kDistributions) {
      const int shift = shift_of(level);
      put_plain(coder, state, static_cast<std::uint32_t>(magnitude & ((1 << shift) - 1)), shift);
      symbol = magnitude >> shift;
    }
    if (symbol >= distribution.direct) {
      put_rest(coder, state, static_cast<std::uint32_t>(symbol - distribution.direct));
      symbol = Distribution::kEscape;
    }
    coder.put(state, distribution.parts[symbol], distribution.divisors[symbol]);
  };
  for (std::size_t row = plane.size(); row > 0; row -= width_) {
    std::size_t i = row;
    if (width_ % 2 == 1) put(--i, 0);
    while (i > row - width_) {
      put(--i, 1);
      put(--i, 0);
    }
  }
  to = coder;
}

void FastCoefficientCoder::take_magnitudes(RansDecoder& from, std::span<std::int32_t> row) const {
  RansDecoder coder = from;
  const std::uint8_t* classes = classes_.data();
  const auto take = [&](std::size_t i, std::size_t state) {
    const int level = classes[i];
    const Distribution& distribution = model_.distributions.of_level(level);
    const int symbol = distribution.symbol_at[coder.slot(state)];
    coder.take(state, distribution.parts[symbol]);
    row[i] = symbol;
    if (symbol != Distribution::kEscape && level < kDistributions) return;
    auto magnitude = static_cast<std::uint64_t>(symbol);
    if (symbol == Distribution::kEscape)
      magnitude = static_cast<std::uint64_t>(distribution.direct) + take_rest(coder, state);
    const int shift = shift_of(level);
    magnitude = magnitude << shift | take_plain(coder, state, shift);
    row[i] = static_cast<std::int32_t>(std::min<std::uint64_t>(magnitude, kMaxCoefficient));
  };
  std::size_t i = 0;
  for (; i + kRansStates <= row.size(); i += kRansStates) {
    take(i, 0);
    take(i + 1, 1);
  }
  if (i < row.size()) take(i, 0);
  from = coder;
}

void FastCoefficientCoder::encode(std::span<const float> values, const RateDistortion& trade,
                                  Bytes& out, std::span<std::int32_t> coded,
                                  MagnitudeShapeFit* fit) {
  const FeatureKernels& kernels = best_feature_kernels();
  const DeadZone zone = model_.distributions.dead_zone(trade);
  const std::size_t pixels = layout_.pixels();
  const auto components = static_cast<std::size_t>(layout_.components);
  struct Plane {
    int level;
    std::int32_t largest;
    bool used;
  };
  std::vector<Plane> planes(components);
  classes_.resize(components * pixels + kSlack);
  begin_image();
  for (std::size_t k = 0; k < components; ++k) {
    const auto plane = coded.subspan(k * pixels, pixels);
    std::uint8_t* classes = &classes_[k * pixels];
    const int level = expect(k);
    for (std::size_t at = 0; at < pixels; at += width_) {
      classify(at / width_, plane, classes + at);
      kernels.quantise(zone, &values[k * pixels + at], classes + at, width_, &plane[at]);
    }
    const std::int32_t largest = kernels.largest(plane.data(), pixels);
    planes[k] = {level, largest, largest > 0 || level == kUsedClasses};
    kernels.recall(plane.data(), pixels, past_.data());
    if (fit != nullptr && planes[k].used) fit->add({classes, pixels}, plane);
  }
  BitWriter signs;
  const bool has_signs = kernels.least(coded.data(), components * pixels) < 0;
  signs.put_if(1, has_signs ? 1 : 0);
  for (std::size_t k = 0; has_signs && k < components; ++k)
    if (planes[k].used) put_signs(coded.subspan(k * pixels, pixels), signs);
  RansCode code;
  for (std::size_t k = components; k-- > 0;) {
    const auto& [level, largest, used] = planes[k];
    RansEncoder& coder = code.encoder((pixels + 1) * most_bits(largest));
    if (used) put_magnitudes(coded.subspan(k * pixels, pixels), &classes_[k * pixels], coder);
    if (level < kUsedClasses) coder.put(0, used_symbol(level, used));
  }
  code.finish(signs.finish(), out);
}

void FastCoefficientCoder::decode(
    std::span<const std::byte> in,
    const std::function<void(int, std::span<const std::int32_t>)>& visit) {
  const std::size_t pixels = layout_.pixels();
  const PaddedCode code(in);
  RansDecoder coder(code);
  coder.refill();
  const bool has_signs = coder.bit_if(1) != 0;
  classes_.resize(width_ + kSlack);
  plane_.resize(pixels + kSlack);
  const std::span<std::int32_t> plane = std::span(plane_).first(pixels);
  begin_image();
  for (int k = 0; k < layout_.components; ++k) {
    const int level = expect(static_cast<std::size_t>(k));
    bool used = true;
    if (level < kUsedClasses) {
      used = coder.slot(0) < kUsed[level];
      coder.take(0, used_symbol(level, used));
    }
    if (!used) std::ranges::fill(plane, 0);
    for (std::size_t at = 0; used && at < pixels; at += width_) {
      classify(at / width_, plane, classes_.data());
      take_magnitudes(coder, plane.subspan(at, width_));
    }
    best_feature_kernels().recall(plane.data(), pixels, past_.data());
    if (used && has_signs) take_signs(coder, plane);
    if (used) visit(k, plane);
  }
}

}  // namespace cleave::codec
