#include "codec/bit_pack.h"

#include <array>
#include <utility>

namespace cleave::codec {
namespace {

// Eight codes fill exactly kBits bytes, so a 64-bit word is the unit; the constant lets the loops
// unroll.

template <std::size_t kBits>
void pack_group(const std::uint8_t* codes, std::size_t count, std::byte* out) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i)
    word |= static_cast<std::uint64_t>(codes[i]) << (kBits * i);
  const std::size_t bytes = (count * kBits + 7) / 8;
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(word >> (8 * i));
}

template <std::size_t kBits>
void unpack_group(const std::byte* in, std::size_t count, std::uint8_t* codes) {
  std::uint64_t word = 0;
  const std::size_t bytes = (count * kBits + 7) / 8;
  for (std::size_t i = 0; i < bytes; ++i) word |= static_cast<std::uint64_t>(in[i]) << (8 * i);
  for (std::size_t i = 0; i < count; ++i) codes[i] = (word >> (kBits * i)) & ((1u << kBits) - 1);
}

template <std::size_t kBits>
void pack_all(std::span<const std::uint8_t> codes, std::byte* out) {
  std::size_t i = 0;
  for (; i + 8 <= codes.size(); i += 8) pack_group<kBits>(codes.data() + i, 8, out + i / 8 * kBits);
  if (i < codes.size()) pack_group<kBits>(codes.data() + i, codes.size() - i, out + i / 8 * kBits);
}

template <std::size_t kBits>
void unpack_all(const std::byte* in, std::span<std::uint8_t> codes) {
  std::size_t i = 0;
  for (; i + 8 <= codes.size(); i += 8)
    unpack_group<kBits>(in + i / 8 * kBits, 8, codes.data() + i);
  if (i < codes.size()) unpack_group<kBits>(in + i / 8 * kBits, codes.size() - i, codes.data() + i);
}

using Pack = void (*)(std::span<const std::uint8_t>, std::byte*);
using Unpack = void (*)(const std::byte*, std::span<std::uint8_t>);
constexpr std::array<std::pair<Pack, Unpack>, 8> kByBits{{
    {pack_all<1>, unpack_all<1>},
    {pack_all<2>, unpack_all<2>},
    {pack_all<3>, unpack_all<3>},
    {pack_all<4>, unpack_all<4>},
    {pack_all<5>, unpack_all<5>},
    {pack_all<6>, unpack_all<6>},
    {pack_all<7>, unpack_all<7>},
    {pack_all<8>, unpack_all<8>},
}};

}  // namespace

void pack_bits(std::span<const std::uint8_t> codes, int bits, std::byte* out) {
  kByBits[static_cast<std::size_t>(bits) - 1].first(codes, out);
}

void unpack_bits(const std::byte* in, int bits, std::span<std::uint8_t> codes) {
  kByBits[static_cast<std::size_t>(bits) - 1].second(in, codes);
}

}  // namespace cleave::codec
