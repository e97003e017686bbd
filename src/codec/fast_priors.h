#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/block_dct.h"
#include "codec/coefficient_coder.h"
#include "codec/magnitude_distributions.h"

namespace cleave::codec {

/// What is known beforehand of the magnitudes of a cut's coefficients (fast_coefficients.h).
struct FastPriors {
  std::vector<std::int8_t> component;  ///< of each, the mean's logarithm to base 2, in 1/8
  std::array<std::int8_t, kFrequencies> place{};  ///< of each frequency, beside that; at most 0
  // Weights of what is expected, in 1/256.
  std::uint8_t prior_weight = 160;
  std::uint8_t past_weight = 48;
  std::uint8_t above_weight = 32;
  MagnitudeShape shape{};

  /// Where nothing is known.
  static FastPriors plain(int components, int block);

  /// As bytes of a payload, for codecs without a calibration: the weights, the components, one for
  /// all where planes have fewer than 64 coefficients, and, where blocks have several, one for each
  /// two diagonals of frequencies.
  void write_plain(const CoefficientLayout& layout, Bytes& out) const;
  /// Takes them off `in`. Error: kNeedMoreBytes.
  static Result<FastPriors> read_plain(const CoefficientLayout& layout,
                                       std::span<const std::byte>& in);
};

/// The frequency of every coefficient of a plane.
std::vector<std::uint8_t> frequencies_of(const CoefficientLayout& layout);

/// The rows that what lies one row higher says something about: that is the next lower frequency of
/// the same block, or, where blocks are single pixels, the pixel above.
std::vector<std::uint8_t> rows_with_above(const CoefficientLayout& layout);

/// Finds means and weights for samples of one layout.
class FastPriorFit {
 public:
  /// `known` are priors whose means the weights are for.
  FastPriorFit(const CoefficientLayout& layout, const FastPriors& known);
  /// Coefficients of one image as they are coded.
  void add(std::span<const std::int32_t> coded);
  /// With the shape of those known.
  FastPriors priors() const;

 private:
  void add_plane(std::size_t component, std::span<const std::int32_t> plane);
  void set_means(FastPriors& priors) const;
  void set_weights(FastPriors& priors) const;

  CoefficientLayout layout_;
  FastPriors known_;
  std::vector<std::uint8_t> frequencies_;
  std::vector<std::uint8_t> has_above_;
  std::vector<double> sum_;    ///< magnitudes by component and frequency
  std::vector<double> count_;  ///< by frequency, of one component
  std::vector<double> past_;
  double images_ = 0;
  /// Sums of products of prior, past and above with each other and with the magnitude.
  std::array<std::array<double, 4>, 3> moments_{};
};

}  // namespace cleave::codec
