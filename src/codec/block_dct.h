#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// The cosine transform (type II, orthonormal) of blocks of any size, with integer tables.
namespace cleave::codec {

/// Longest side of a block.
inline constexpr int kMaxBlock = 32;

/// A side of a plane cut into blocks: as many as fit sides of at most `block`, as equal as they
/// can be, the longer ones first. So nothing is padded.
class BlockAxis {
 public:
  /// `length` and `block` at least 1, `block` at most kMaxBlock.
  BlockAxis(int length, int block);

  int length() const { return static_cast<int>(offset_.size()); }
  int blocks() const { return static_cast<int>(starts_.size()) - 1; }
  int start(int block) const { return starts_[block]; }
  int size(int block) const { return starts_[block + 1] - starts_[block]; }
  /// Where a position lies within its block.
  int offset(int at) const { return offset_[at]; }
  /// The place of the same offset in the block before or behind, -1 where there is none; the
  /// nearest offset that a shorter block has.
  int before(int at) const { return before_[at]; }
  int behind(int at) const { return behind_[at]; }

 private:
  std::vector<int> starts_;
  std::vector<int> offset_;
  std::vector<int> before_;
  std::vector<int> behind_;
};

/// Frequencies of a block that are told apart: eight each way, those beyond with the eighth.
inline constexpr int kFrequencies = 64;
/// The frequency of every coefficient of a plane: 8 u + v, both at most 7.
std::vector<std::uint8_t> frequencies_of(const BlockAxis& rows, const BlockAxis& columns);

/// Fractional bits of the table's entries.
inline constexpr int kDctBits = 12;

/// Row u is the u-th cosine: entry [u * n + i] is round(2^12 · s_u · cos(π(2i+1)u / 2n)), with
/// s_0 = sqrt(1/n) and s_u = sqrt(2/n). 1 <= n <= kMaxBlock. The same on every machine.
std::span<const std::int16_t> dct_table(int n);

/// Transforms every block of a plane in place, values to coefficients. For encoders: in floats.
void forward_dct(const BlockAxis& rows, const BlockAxis& columns, std::span<float> plane);
/// Back, in integers: after each of the two passes (columns first) sums are divided by 2^12 and
/// rounded, halves up. Any input is fine: sums are 64 bits wide, results are cut to 32 bits.
void inverse_dct(const BlockAxis& rows, const BlockAxis& columns, std::span<std::int32_t> plane);

}  // namespace cleave::codec
