#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/coefficient_coder.h"
#include "codec/feature_kernels.h"
#include "codec/rans.h"

/// Static distributions of magnitudes, one for each class of what is expected.
namespace cleave::codec {

/// Classes that have a distribution of their own. From here on what is expected doubles with every
/// second class, as many low bits are plain as it has doubled times, and the bits above them are
/// distributed as in the last two.
inline constexpr int kDistributions = 27;

/// The plain low bits of a class's magnitudes, and the distribution of the rest.
inline int shift_of(int level) {
  return level < kDistributions ? 0 : (level - kDistributions) / 2 + 1;
}
inline int distribution_of(int level) {
  return level < kDistributions ? level : kDistributions - 2 + (level - kDistributions) % 2;
}

/// For each distribution how likely a magnitude that is at least 0, 1, 2, and 3 or more is a larger
/// one: the logarithm of its odds to base 2, in 1/8, plus 128.
using MagnitudeShape = std::array<std::array<std::uint8_t, 4>, kDistributions>;

/// What is usual for blocks of cosines or for single pixels: measured on features of one network.
const MagnitudeShape& usual_shape(bool blocks);

/// Magnitudes below `direct` are symbols of their own; kEscape says that the rest follows.
struct Distribution {
  static constexpr int kEscape = 16;

  std::array<std::uint8_t, 1 << kRansBits> symbol_at{};
  std::array<RansSymbol, kEscape + 1> parts{};
  std::array<RansDivisor, kEscape + 1> divisors{};
  int direct = 0;
};

/// Immutable and thread-safe.
class MagnitudeDistributions {
 public:
  explicit MagnitudeDistributions(const MagnitudeShape& shape);
  MagnitudeDistributions(MagnitudeDistributions&&) noexcept = default;
  MagnitudeDistributions& operator=(MagnitudeDistributions&&) noexcept = default;

  const Distribution& of_level(int level) const { return *of_level_[level]; }
  /// Bits, as the shape says, that a magnitude of 1 takes more than one of 0, sign included, and
  /// that any further one takes.
  double first_cost_bits(int level) const { return first_cost_bits_[level]; }
  double next_cost_bits(int level) const { return next_cost_bits_[level]; }

  /// The dead zone in which a coefficient is not worth its bits.
  DeadZone dead_zone(const RateDistortion& trade) const;

 private:
  std::vector<Distribution> all_;
  std::array<const Distribution*, kExpectationClasses> of_level_{};
  std::array<double, kExpectationClasses> first_cost_bits_{};
  std::array<double, kExpectationClasses> next_cost_bits_{};
};

/// Finds the shape of magnitudes. Plain value.
class MagnitudeShapeFit {
 public:
  void add(std::span<const std::uint8_t> classes, std::span<const std::int32_t> coded);
  /// `usual` is believed like a few magnitudes of each class.
  MagnitudeShape shape(const MagnitudeShape& usual) const;

 private:
  /// By distribution: magnitudes of at least 0, 1, 2, and of 3 or more how many steps that reaches;
  /// then how many of them are larger.
  std::array<std::array<double, 4>, kDistributions> reached_{};
  std::array<std::array<double, 4>, kDistributions> passed_{};
};

}  // namespace cleave::codec
