#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cleave::codec {

/// Bytes that `count` codes of `bits` bits (1 to 8) fill.
inline std::size_t packed_bytes(std::size_t count, int bits) {
  // In this order nothing overflows for any count of elements that fits in memory.
  return count / 8 * static_cast<std::size_t>(bits) +
         (count % 8 * static_cast<std::size_t>(bits) + 7) / 8;
}

/// Packs codes below 2^bits one after the other, the first in the lowest bits of the first byte;
/// unused bits of the last byte are zero. `out` has packed_bytes().
void pack_bits(std::span<const std::uint8_t> codes, int bits, std::byte* out);

/// The reverse. `in` has packed_bytes(codes.size(), bits).
void unpack_bits(const std::byte* in, int bits, std::span<std::uint8_t> codes);

}  // namespace cleave::codec
