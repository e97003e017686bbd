#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

/// Binary arithmetic coding with probabilities of 16 bits: the interval [low, high] of 32 bits is
/// split where the probability says, and bytes on which both ends agree leave it.
namespace cleave::codec {

/// Probability of a one, in 1/65536. 0 and 65536 are never used.
using Probability = std::uint32_t;

namespace arithmetic {

/// The last value of the part that stands for a one.
inline std::uint32_t split(std::uint32_t low, std::uint32_t high, Probability one) {
  return low + static_cast<std::uint32_t>((static_cast<std::uint64_t>(high - low) * one) >> 16);
}

/// Whether both ends begin with the same byte.
inline bool settled(std::uint32_t low, std::uint32_t high) { return ((low ^ high) >> 24) == 0; }

}  // namespace arithmetic

/// Not thread-safe; appends to the bytes it was given.
class ArithmeticEncoder {
 public:
  explicit ArithmeticEncoder(Bytes& out) : out_(out) {}

  void encode(bool bit, Probability one) {
    const std::uint32_t middle = arithmetic::split(low_, high_, one);
    (bit ? high_ : low_) = bit ? middle : middle + 1;
    while (arithmetic::settled(low_, high_)) {
      put(high_ >> 24);
      low_ <<= 8;
      high_ = high_ << 8 | 0xff;
    }
  }

  /// Writes what is left: the fewest bytes that, with zeros behind them, lie in the interval.
  void finish() {
    for (int kept = 0; kept <= 4; ++kept) {
      const std::uint32_t mask = kept == 0 ? 0 : ~std::uint32_t{0} << (32 - 8 * kept);
      // The least number of so many bytes that is not below the interval.
      const std::uint64_t value =
          (static_cast<std::uint64_t>(low_) + static_cast<std::uint32_t>(~mask)) &
          ~std::uint64_t{~mask};
      if (value > high_) continue;
      for (int i = 0; i < kept; ++i) put(static_cast<std::uint32_t>(value) >> (24 - 8 * i));
      return;
    }
  }

 private:
  void put(std::uint32_t byte) { out_.push_back(static_cast<std::byte>(byte & 0xff)); }

  Bytes& out_;
  std::uint32_t low_ = 0;
  std::uint32_t high_ = 0xffffffff;
};

/// Reads any bytes; behind their end it finds zeros. Not thread-safe.
class ArithmeticDecoder {
 public:
  explicit ArithmeticDecoder(std::span<const std::byte> in) : in_(in) {
    for (int i = 0; i < 4; ++i) value_ = value_ << 8 | next();
  }

  bool decode(Probability one) {
    const std::uint32_t middle = arithmetic::split(low_, high_, one);
    const bool bit = value_ <= middle;
    (bit ? high_ : low_) = bit ? middle : middle + 1;
    while (arithmetic::settled(low_, high_)) {
      low_ <<= 8;
      high_ = high_ << 8 | 0xff;
      value_ = value_ << 8 | next();
    }
    return bit;
  }

 private:
  std::uint32_t next() { return at_ < in_.size() ? static_cast<std::uint32_t>(in_[at_++]) : 0; }

  std::span<const std::byte> in_;
  std::size_t at_ = 0;
  std::uint32_t low_ = 0;
  std::uint32_t high_ = 0xffffffff;
  std::uint32_t value_ = 0;
};

}  // namespace cleave::codec
