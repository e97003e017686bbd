#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"

/// Range coding by asymmetric numeral systems (Duda, "Asymmetric numeral systems", 2013) with
/// static frequencies, two states that take turns, and single bits that need no model.
///
/// A code is: both states (u32), what they gave away (u16 each), and from its end backwards the
/// bytes of the single bits, lowest bits first.
namespace cleave::codec {

/// Frequencies of symbols add up to 2^kRansBits.
inline constexpr int kRansBits = 12;
inline constexpr std::size_t kRansStates = 2;

namespace rans {

/// States are at least this between symbols.
inline constexpr std::uint32_t kLeast = 1U << 15;
/// States stay below 2^kStateBits.
inline constexpr int kStateBits = 31;

inline std::uint16_t load_u16(const std::byte* at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) |
                                    std::to_integer<unsigned>(at[1]) << 8);
}

}  // namespace rans

/// A symbol's part of [0, 2^kRansBits).
struct RansSymbol {
  std::uint16_t frequency = 0;
  std::uint16_t start = 0;
};

/// Divides states by a frequency: a multiplication (Granlund and Montgomery, "Division by invariant
/// integers using multiplication", 1994).
class RansDivisor {
 public:
  RansDivisor() = default;
  /// 1 to 2^kRansBits.
  explicit RansDivisor(std::uint32_t frequency)
      : factor_(((std::uint64_t{1} << (kRounding + bits_of(frequency))) + frequency - 1) /
                frequency),
        shift_(kRounding + bits_of(frequency)) {}

  std::uint32_t divide(std::uint32_t state) const {
    return static_cast<std::uint32_t>((state * factor_) >> shift_);
  }

 private:
  static constexpr int kRounding = rans::kStateBits;
  /// The least n with 2^n >= frequency.
  static constexpr int bits_of(std::uint32_t frequency) { return std::bit_width(frequency - 1); }

  std::uint64_t factor_ = 0;
  int shift_ = 0;
};

/// `count` bits that are all alike as a symbol, 1 to 8 of them.
inline RansSymbol plain_symbol(std::uint32_t bits, int count) {
  return {static_cast<std::uint16_t>(1U << (kRansBits - count)),
          static_cast<std::uint16_t>(bits << (kRansBits - count))};
}

/// Writes single bits, lowest first. Not thread-safe.
class BitWriter {
 public:
  /// A bit if there is one.
  void put_if(std::uint32_t there, std::uint32_t bit) {
    held_ |= std::uint64_t{bit & there} << count_;
    count_ += there;
  }
  /// To be called at least after every kMostHeld bits.
  void flush() {
    for (; count_ >= 8; count_ -= 8, held_ >>= 8)
      bytes_.push_back(static_cast<std::byte>(held_ & 0xff));
  }
  static constexpr std::size_t kMostHeld = 56;

  /// All bytes, the last filled up with zeros.
  Bytes finish() {
    count_ += 7;
    flush();
    return std::move(bytes_);
  }

 private:
  Bytes bytes_;
  std::uint64_t held_ = 0;
  std::uint32_t count_ = 0;
};

/// Takes symbols last to first, as a decoder will not. A small value: loops work on a copy. Borrows
/// memory for what its states give away, one word for each symbol at most. Not thread-safe.
class RansEncoder {
 public:
  explicit RansEncoder(std::uint16_t* words) : next_(words) { states_.fill(rans::kLeast); }

  void put(std::size_t state, const RansSymbol& symbol) {
    put(state, symbol, RansDivisor(symbol.frequency));
  }
  /// With the frequency's divisor.
  void put(std::size_t state, const RansSymbol& symbol, const RansDivisor& divisor) {
    std::uint32_t x = states_[state];
    // Always written, kept where it has to be.
    *next_ = static_cast<std::uint16_t>(x & 0xffff);
    const bool full = x >= std::uint32_t{symbol.frequency} << (rans::kStateBits - kRansBits);
    next_ += full ? 1 : 0;
    x = full ? x >> 16 : x;
    const std::uint32_t times = divisor.divide(x);
    states_[state] = (times << kRansBits) + (x - times * symbol.frequency) + symbol.start;
  }

  /// Behind the last word; other memory may be given to go on in.
  std::uint16_t* next() const { return next_; }
  void go_on(std::uint16_t* words) { next_ = words; }

  const std::array<std::uint32_t, kRansStates>& states() const { return states_; }

 private:
  std::array<std::uint32_t, kRansStates> states_;
  std::uint16_t* next_;
};

/// A code while it is made. Not thread-safe.
class RansCode {
 public:
  RansCode() : words_(kFirstWords), encoder_(words_.data()) {}
  RansCode(const RansCode&) = delete;
  RansCode& operator=(const RansCode&) = delete;

  /// The encoder, with room for symbols of so many bits in all.
  RansEncoder& encoder(std::size_t bits) {
    const auto used = static_cast<std::size_t>(encoder_.next() - words_.data());
    const std::size_t needed = used + bits / 16 + 2 * kRansStates;
    if (needed > words_.size()) words_.resize(std::max(needed, 2 * words_.size()));
    encoder_.go_on(words_.data() + used);
    return encoder_;
  }

  /// Appends the code.
  void finish(std::span<const std::byte> single_bits, Bytes& out) const {
    for (const std::uint32_t state : encoder_.states()) append_le(out, state);
    for (const std::uint16_t* word = encoder_.next(); word != words_.data();)
      append_le(out, *--word);
    out.insert(out.end(), single_bits.rbegin(), single_bits.rend());
  }

 private:
  static constexpr std::size_t kFirstWords = 4096;

  std::vector<std::uint16_t> words_;
  RansEncoder encoder_;
};

/// A code between zeros, so that readers need not look for its ends.
class PaddedCode {
 public:
  explicit PaddedCode(std::span<const std::byte> code)
      : bytes_(code.size() + 2 * kPad), size_(code.size()) {
    std::ranges::copy(code, bytes_.begin() + kPad);
  }

  const std::byte* begin() const { return bytes_.data() + kPad; }
  const std::byte* end() const { return begin() + size_; }

 private:
  static constexpr std::ptrdiff_t kPad = 16;

  Bytes bytes_;
  std::size_t size_;
};

/// Reads any bytes; beyond their ends it finds zeros. A small value: loops work on a copy. Not
/// thread-safe.
class RansDecoder {
 public:
  /// Borrows the code.
  explicit RansDecoder(const PaddedCode& code)
      : first_(code.begin()), word_(code.begin()), last_(code.end()), bits_end_(code.end()) {
    for (std::uint32_t& state : states_) {
      state = load_le<std::uint32_t>(std::span(word_, 4), 0);
      word_ = std::min(word_ + 4, last_);
    }
  }

  std::uint32_t slot(std::size_t state) const { return states_[state] & ((1U << kRansBits) - 1); }

  /// Takes the symbol that `slot` lies in off a state.
  void take(std::size_t state, const RansSymbol& symbol) {
    std::uint32_t x = states_[state];
    x = symbol.frequency * (x >> kRansBits) + slot(state) - symbol.start;
    const bool hungry = x < rans::kLeast;
    const std::uint32_t fed = x << 16 | rans::load_u16(word_);
    states_[state] = hungry ? fed : x;
    word_ += hungry ? 2 : 0;
    word_ = std::min(word_, last_);
  }

  /// 1 to 8 bits that are a symbol (plain_symbol()).
  std::uint32_t take_plain(std::size_t state, int count) {
    const std::uint32_t bits = slot(state) >> (kRansBits - count);
    take(state, plain_symbol(bits, count));
    return bits;
  }

  /// Makes kMostHeld single bits ready.
  void refill() {
    for (; held_count_ <= 56; held_count_ += 8) {
      bits_end_ = std::max(bits_end_ - 1, first_ - 1);
      held_ |= std::uint64_t{std::to_integer<std::uint8_t>(*bits_end_)} << held_count_;
    }
  }
  /// The next single bit if `there` is 1, else 0.
  std::uint32_t bit_if(std::uint32_t there) {
    const auto bit = static_cast<std::uint32_t>(held_) & there;
    held_ >>= there;
    held_count_ -= there;
    return bit;
  }
  static constexpr std::size_t kMostHeld = 56;

 private:
  std::array<std::uint32_t, kRansStates> states_{};
  const std::byte* first_;
  const std::byte* word_;
  const std::byte* last_;
  const std::byte* bits_end_;
  std::uint64_t held_ = 0;
  std::uint32_t held_count_ = 0;
};

}  // namespace cleave::codec
