#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/block_dct.h"

/// Quantised coefficients of feature planes as bits, each predicted from what lies around it.
namespace cleave::codec {

/// The arrangement of the coefficients of one image: `components` planes of height × width, each
/// in blocks as BlockAxis cuts them.
struct CoefficientLayout {
  int components = 1;
  int height = 1;
  int width = 1;
  int block = 1;

  std::size_t pixels() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
  std::size_t count() const { return static_cast<std::size_t>(components) * pixels(); }
};

/// Largest magnitude that is coded.
inline constexpr std::int32_t kMaxCoefficient = 1 << 20;

/// How an encoder weighs bits against errors.
struct RateDistortion {
  /// Squared error, in squared steps, that a bit is worth.
  double bit_price = 0;
  /// By how much of a step a decoder moves magnitudes of 1, 2 and more towards zero.
  double shrink[3] = {0, 0, 0};
};

/// Components of an image that are coded into one piece.
struct ComponentRange {
  int begin = 0;
  int end = 0;
};

/// What a model learnt, for models that begin with it: one byte for each probability, then two for
/// each weight.
using ModelState = std::vector<std::uint8_t>;

/// Codes images one after another and learns from each. An encoder and a decoder that began alike
/// and saw the same stay alike. Not thread-safe.
class CoefficientModel {
 public:
  /// Bytes of a state for such a layout.
  static std::size_t state_bytes(const CoefficientLayout& layout);

  /// `state` has state_bytes(layout), or is empty for a model that knows nothing.
  CoefficientModel(const CoefficientLayout& layout, std::span<const std::uint8_t> state);
  ~CoefficientModel();
  CoefficientModel(CoefficientModel&&) noexcept;
  CoefficientModel& operator=(CoefficientModel&&) noexcept;

  /// Appends the code of some components of an image, which is begun by those from 0 on and goes on
  /// in order. `values` are coefficients of the whole image in steps, plane by plane; what the
  /// decoder will read is written to `coded`: the nearest integers, or nearby ones that cost less.
  void encode(std::span<const float> values, ComponentRange range, const RateDistortion& trade,
              Bytes& out, std::span<std::int32_t> coded);
  /// Reads the same components. Any bytes decode to something.
  void decode(std::span<const std::byte> in, ComponentRange range, std::span<std::int32_t> coded);

  ModelState state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cleave::codec
