#include "codec/magnitude_distributions.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace cleave::codec {
namespace {

// Those of SqueezeNet 1.1 at three cuts.
constexpr MagnitudeShape kBlocksShape{
    {{20, 103, 110, 115},  {22, 103, 110, 115},  {24, 103, 110, 115},  {30, 103, 110, 115},
     {33, 103, 110, 115},  {37, 103, 110, 115},  {42, 103, 110, 115},  {53, 103, 110, 115},
     {60, 103, 110, 115},  {66, 104, 117, 140},  {70, 104, 117, 145},  {85, 97, 104, 128},
     {94, 94, 99, 120},    {104, 95, 89, 111},   {114, 90, 95, 106},   {121, 99, 103, 109},
     {128, 106, 108, 110}, {134, 114, 115, 116}, {139, 123, 122, 121}, {143, 130, 129, 127},
     {148, 137, 135, 133}, {152, 142, 141, 138}, {157, 147, 146, 143}, {161, 152, 151, 148},
     {166, 156, 156, 153}, {166, 160, 160, 158}, {171, 165, 165, 162}}};
constexpr MagnitudeShape kPixelsShape{
    {{32, 139, 140, 139},  {43, 139, 140, 139},  {47, 139, 140, 139},  {51, 139, 140, 139},
     {55, 139, 140, 139},  {55, 139, 140, 139},  {60, 139, 140, 139},  {51, 139, 140, 139},
     {47, 139, 140, 139},  {32, 139, 140, 139},  {25, 139, 140, 139},  {44, 142, 145, 145},
     {65, 155, 146, 150},  {72, 156, 149, 151},  {88, 145, 141, 143},  {98, 144, 138, 141},
     {102, 144, 140, 141}, {106, 144, 140, 142}, {111, 142, 138, 140}, {118, 141, 138, 139},
     {126, 142, 137, 139}, {133, 146, 139, 139}, {143, 153, 146, 138}, {150, 162, 155, 142},
     {156, 171, 166, 147}, {161, 181, 177, 152}, {168, 193, 192, 157}}};

/// The byte of even odds.
constexpr int kMiddle = 128;

/// 65536 / (1 + 2^(-eighths / 8)), rounded down, but less than 65536; at least an eighth.
std::uint32_t above_half(int eighths) {
  // 2^(15 - i / 8).
  constexpr std::array<std::uint32_t, 8> kParts{32768, 30048, 27554, 25268,
                                                23170, 21247, 19484, 17867};
  const std::uint32_t other = kParts[eighths % 8] >> (eighths / 8);
  return std::min<std::uint32_t>((std::uint32_t{1} << 31) / (32768 + other), 65535);
}

/// How likely a magnitude is a larger one, in 1/65536.
std::uint32_t likelihood(std::uint8_t odds) {
  return odds >= kMiddle ? above_half(odds - kMiddle) : 65536 - above_half(kMiddle - odds);
}

Distribution make_distribution(const std::array<std::uint8_t, 4>& shape) {
  constexpr std::uint32_t kAll = 1 << kRansBits;
  /// What is left of kAll is the last symbol's when it is as little.
  constexpr std::uint32_t kLeast = 4;
  Distribution result;
  std::uint64_t above = std::uint64_t{kAll} << 16;
  std::uint32_t start = 0;
  const auto add = [&](int symbol, std::uint32_t end) {
    result.parts[symbol] = {static_cast<std::uint16_t>(end - start),
                            static_cast<std::uint16_t>(start)};
    result.divisors[symbol] = RansDivisor(end - start);
    std::fill(result.symbol_at.begin() + start, result.symbol_at.begin() + end,
              static_cast<std::uint8_t>(symbol));
    start = end;
  };
  for (int magnitude = 0; magnitude < Distribution::kEscape && kAll - start > kLeast; ++magnitude) {
    above = (above * likelihood(shape[std::min(magnitude, 3)])) >> 16;
    const auto end = kAll - static_cast<std::uint32_t>(above >> 16);
    add(magnitude, std::clamp(end, start + 1, kAll - 1));
    result.direct = magnitude + 1;
  }
  add(Distribution::kEscape, kAll);
  return result;
}

}  // namespace

const MagnitudeShape& usual_shape(bool blocks) { return blocks ? kBlocksShape : kPixelsShape; }

MagnitudeDistributions::MagnitudeDistributions(const MagnitudeShape& shape) {
  std::ranges::transform(shape, std::back_inserter(all_), make_distribution);
  const auto bits = [](std::uint32_t part) { return -std::log2(part / 65536.0); };
  for (int level = 0; level < kExpectationClasses; ++level) {
    of_level_[level] = &all_[distribution_of(level)];
    const auto& odds = shape[distribution_of(level)];
    const int shift = shift_of(level);
    const std::uint32_t above = likelihood(odds[0]);
    // With plain low bits a magnitude of 1 costs its sign alone.
    first_cost_bits_[level] =
        shift > 0 ? 1 : 1 + bits(above) + bits(65536 - likelihood(odds[1])) - bits(65536 - above);
    next_cost_bits_[level] = bits(likelihood(odds[3])) / (1 << shift);
  }
}

DeadZone MagnitudeDistributions::dead_zone(const RateDistortion& trade) const {
  DeadZone zone{};
  const double read = 1 - trade.shrink[0];
  for (int level = 0; level < kExpectationClasses; ++level) {
    // Where squared error plus the price of the bits is the same for both.
    const double least = (read * read + trade.bit_price * first_cost_bits_[level]) / (2 * read);
    const double rounding = 0.5 + trade.shrink[2] - trade.bit_price * next_cost_bits_[level] / 2;
    zone[level] = static_cast<std::uint32_t>(std::clamp(least, 0.5, 7.0) * 4096) << 16 |
                  static_cast<std::uint32_t>(std::clamp(rounding, 0.0, 0.99) * 65536);
  }
  return zone;
}

void MagnitudeShapeFit::add(std::span<const std::uint8_t> classes,
                            std::span<const std::int32_t> coded) {
  for (std::size_t i = 0; i < coded.size(); ++i) {
    const int row = distribution_of(classes[i]);
    const int magnitude = std::abs(coded[i]) >> shift_of(classes[i]);
    for (int m = 0; m < std::min(magnitude + 1, 3); ++m) reached_[row][m] += 1;
    for (int m = 0; m < std::min(magnitude, 3); ++m) passed_[row][m] += 1;
    if (magnitude < 3) continue;
    reached_[row][3] += magnitude - 2;
    passed_[row][3] += magnitude - 3;
  }
}

MagnitudeShape MagnitudeShapeFit::shape(const MagnitudeShape& usual) const {
  constexpr double kBelieved = 8;
  MagnitudeShape shape;
  for (std::size_t row = 0; row < shape.size(); ++row)
    for (std::size_t m = 0; m < 4; ++m) {
      const double usually = likelihood(usual[row][m]) / 65536.0;
      const double share = (passed_[row][m] + kBelieved * usually) / (reached_[row][m] + kBelieved);
      shape[row][m] = static_cast<std::uint8_t>(
          std::clamp(std::round(8 * std::log2(share / (1 - share))) + kMiddle, 1.0, 255.0));
    }
  return shape;
}

}  // namespace cleave::codec
