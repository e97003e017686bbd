#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// The inner loops of the feature codec, compiled once per instruction set like those of kernels.h.
/// Every set gives the same bits.
namespace cleave::codec {

/// Elements that rows and planes have behind their last one, to be read and written freely.
inline constexpr std::size_t kSlack = 16;

/// Rows of a matrix product that are worked on together; a matrix has its rows padded to that.
inline constexpr std::size_t kPanelRows = 4;
/// Pixels of a matrix product that are worked on together.
inline constexpr std::size_t kTilePixels = 16;

/// out[r][p] = bias[r] + sum over c of matrix(r, c) · in[c][p], added up in the order of c.
struct MatrixProduct {
  const float* panels;  ///< [row / kPanelRows][column][row % kPanelRows]
  const float* bias;    ///< of the rows, padded like them
  std::size_t rows;
  std::size_t columns;
};

/// Entries from one row of a block's table to the next.
inline constexpr std::size_t kTableStride = 32;

/// One direction of a plane cut into blocks, the longer ones first. The tables of the longer and of
/// the shorter blocks have a row for each element that goes in where blocks are along rows, and for
/// each that comes out where they are along columns.
template <class T>
struct BlockLine {
  std::span<const int> starts;  ///< of each block, then the end of the last
  int longer = 0;               ///< elements of the longer blocks
  std::array<const T*, 2> tables{};
};

/// What is expected of the magnitudes in a plane (fast_coefficients.h).
struct Expectation {
  std::int32_t prior;           ///< of the plane
  std::int32_t past_weight;     ///< in 1/256
  const std::int32_t* profile;  ///< of each place, in 1/2^kProfileBits
  const std::int32_t* past;     ///< of each place, what earlier planes had there
};
inline constexpr int kProfileBits = 8;
/// Fractional bits of expectations.
inline constexpr int kExpectationBits = 10;
/// Magnitudes beyond are remembered as this.
inline constexpr std::int32_t kMostRecalled = 2047;
/// Classes of expectations: below 2/1024, then two to the doubling.
inline constexpr int kExpectationClasses = 46;

/// From where on a coefficient is not zero, and what is added before it is cut to a whole number,
/// by class, in steps: 1/4096 of the one, shifted left by 16, and 1/65536 of the other.
using DeadZone = std::array<std::uint32_t, kExpectationClasses>;

/// How whole steps become 1/2^kFractionBits of one.
struct Dequantiser {
  std::array<std::int32_t, 3> shrink;  ///< of magnitudes 1, 2 and more, in 1/16
  const std::int32_t* gain;            ///< of each place, in 1/16
};

/// How the plane of a channel that is not mixed becomes values: value = scale · (factor · y) +
/// mean, no less than `low`.
struct Scaling {
  std::int32_t factor;
  float scale;
  float low;
  float mean;
};

/// kPanelRows channels of a decoder's last step: value = low or scale · sum + mean.
struct Synthesis {
  const std::int32_t* planes;   ///< `count` planes one behind the other
  const std::int32_t* factors;  ///< [plane][kPanelRows]
  std::size_t count;
  float scale;
  float low;
  const float* mean;  ///< of the channels
};

/// Arrays do not overlap. Those of a plane have kSlack elements behind them. Thread-safe.
struct FeatureKernels {
  std::string_view name;
  /// `tile` has room for kTilePixels of each column. `out` has no slack.
  void (*multiply)(const MatrixProduct& product, const float* in, std::size_t pixels, float* tile,
                   float* out);
  void (*forward_rows)(const BlockLine<float>& line, const float* in, int height, float* out);
  /// What comes out is multiplied by `scale` of its place.
  void (*forward_columns)(const BlockLine<float>& line, const float* in, int width,
                          const float* scale, float* out);
  /// Rounds sums to 1/2^kDctBits of them, halves up. No sum may leave 32 bits.
  void (*inverse_columns)(const BlockLine<std::int32_t>& line, const std::int32_t* in, int width,
                          std::int32_t* out);
  void (*inverse_rows)(const BlockLine<std::int32_t>& line, const std::int32_t* in, int height,
                       std::int32_t* out);
  /// What is expected at each place; returns the sum of it.
  std::uint64_t (*expect)(const Expectation& expected, std::size_t count, std::int32_t* out);
  /// The class of what is expected, and `above_weight` in 1/256 of the magnitudes above besides.
  /// This and quantise() work on a row and what is behind it up to kSlack elements.
  void (*classify)(const std::int32_t* expected, const std::int32_t* above,
                   std::int32_t above_weight, std::size_t count, std::uint8_t* classes);
  /// Whole steps.
  void (*quantise)(const DeadZone& zone, const float* values, const std::uint8_t* classes,
                   std::size_t count, std::int32_t* coded);
  /// Moves what is remembered of each place towards a plane's magnitudes.
  void (*recall)(const std::int32_t* coded, std::size_t count, std::int32_t* past);
  /// The largest magnitude, at most 2^31 - 1.
  std::int32_t (*largest)(const std::int32_t* values, std::size_t count);
  /// The least value, or 0 where none is less.
  std::int32_t (*least)(const std::int32_t* values, std::size_t count);
  /// Magnitudes are below 2^15.
  void (*dequantise)(const Dequantiser& map, const std::int32_t* coded, std::size_t count,
                     std::int32_t* out);
  /// No product may leave 32 bits. `out` has no slack.
  void (*finish)(const Scaling& map, const std::int32_t* plane, std::size_t count, float* out);
  /// No sum may leave 32 bits. `out` are kPanelRows rows of `pixels` each, without slack.
  void (*synthesise)(const Synthesis& synthesis, std::size_t pixels, float* const* out);
};

/// Those that this machine can run, the plain one first and the fastest last.
std::span<const FeatureKernels> feature_kernels();
/// The fastest of them.
inline const FeatureKernels& best_feature_kernels() { return feature_kernels().back(); }

}  // namespace cleave::codec
