#include "codec/kernels.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "codec/bit_pack.h"
#include "codec/grid.h"

namespace cleave::codec {
namespace {

/// Every kind of float: random bits, so NaNs, infinities and subnormals too.
std::vector<float> any_floats(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& v : values) v = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
  return values;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) bits[i] = std::bit_cast<std::uint32_t>(values[i]);
  return bits;
}

/// What one instruction set makes of some values.
struct Outcome {
  explicit Outcome(const Kernels& k, const std::vector<float>& finite,
                   const std::vector<float>& any, const FromCodes& grid)
      : codes8(finite.size()), codes16(finite.size()), halves(any.size()) {
    const KeyRange range = k.scan(any.data(), any.size());
    keys = {range.low, range.high};
    k.to_codes8(finite.data(), finite.size(), to_codes_of(grid, 255), codes8.data());
    k.to_codes16(finite.data(), finite.size(), to_codes_of(grid, 65535), codes16.data());
    k.to_halves(any.data(), any.size(), halves.data());
    std::vector<float> back(finite.size());
    k.from_codes8(codes8.data(), codes8.size(), grid, back.data());
    from8 = bits_of(back);
    k.from_codes16(codes16.data(), codes16.size(), grid, back.data());
    from16 = bits_of(back);
    back.resize(any.size());
    k.from_halves(halves.data(), halves.size(), back.data());
    from_halves = bits_of(back);
  }
  bool operator==(const Outcome&) const = default;

  std::pair<std::int32_t, std::int32_t> keys;
  std::vector<std::uint8_t> codes8;
  std::vector<std::uint16_t> codes16, halves;
  std::vector<std::uint32_t> from8, from16, from_halves;
};

RC_GTEST_PROP(Kernels, AllInstructionSetsGiveTheSameBits, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(0, 300);
  const std::vector<float> any = any_floats(count, *rc::gen::arbitrary<std::uint64_t>());
  std::vector<float> finite = any;
  for (float& v : finite) v = std::isfinite(v) ? v : 0;
  const FromCodes grid{*rc::gen::inRange(-kMaxGridInteger, kMaxGridInteger + 1),
                       std::bit_cast<float>(*rc::gen::inRange<std::uint32_t>(1, 0x7f800000))};
  const Outcome plain(kernels().front(), finite, any, grid);
  for (const Kernels& k : kernels()) RC_ASSERT(Outcome(k, finite, any, grid) == plain);
}

TEST(Kernels, ScanFindsTheEnds) {
  for (const Kernels& k : kernels()) {
    const std::vector<float> values{3, -0.0f, -7.5f, 1e-40f, 12};
    const KeyRange range = k.scan(values.data(), values.size());
    EXPECT_EQ(float_of_key(range.low), -7.5f);
    EXPECT_EQ(float_of_key(range.high), 12.0f);
    for (float odd : {NAN, -NAN, INFINITY, -INFINITY}) {
      const std::vector<float> with{1, odd, 2};
      const KeyRange beyond = k.scan(with.data(), with.size());
      EXPECT_TRUE(beyond.low < kLeastFiniteKey || beyond.high > kGreatestFiniteKey) << odd;
    }
  }
}

/// The value of an f16 by its definition.
double half_value(std::uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(Kernels, EveryHalfReadsAsDefinedAndReturns) {
  for (const Kernels& k : kernels()) {
    std::vector<std::uint16_t> halves(65536);
    for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
    std::vector<float> values(halves.size());
    k.from_halves(halves.data(), halves.size(), values.data());
    std::vector<std::uint16_t> back(halves.size());
    k.to_halves(values.data(), values.size(), back.data());
    for (std::size_t i = 0; i < halves.size(); ++i) {
      if ((i & 0x7fff) > 0x7c00) {
        ASSERT_TRUE(std::isnan(values[i])) << i;
        ASSERT_GT(back[i] & 0x7fff, 0x7c00) << i;
        continue;
      }
      const bool finite = (i & 0x7fff) < 0x7c00;
      ASSERT_EQ(values[i], finite        ? half_value(halves[i])
                           : i == 0x7c00 ? INFINITY
                                         : -INFINITY)
          << i;
      ASSERT_EQ(back[i], halves[i]);
    }
  }
}

TEST(Kernels, HalvesRoundToNearestEvenAndSaturate) {
  for (const Kernels& k : kernels()) {
    const auto half = [&](float value) {
      std::uint16_t out = 0;
      k.to_halves(&value, 1, &out);
      return out;
    };
    EXPECT_EQ(half(65504), 0x7bff);
    EXPECT_EQ(half(65520), 0x7bff);
    EXPECT_EQ(half(-1e30f), 0xfbff);
    EXPECT_EQ(half(INFINITY), 0x7c00);
    EXPECT_EQ(half(0x1p-25f), 0);    // a tie, to even
    EXPECT_EQ(half(0x1.8p-24f), 2);  // a tie between 1 and 2
    EXPECT_EQ(half(1 + 0x1p-11f), 0x3c00);
    EXPECT_EQ(half(1 + 0x3p-11f), 0x3c02);
    // Between two neighbours, anywhere: the nearer one.
    for (std::uint16_t h = 0; h < 0x7bff; ++h) {
      const double middle = (half_value(h) + half_value(h + 1)) / 2;
      const auto tie = static_cast<float>(middle);
      ASSERT_EQ(half(tie), h % 2 == 0 ? h : h + 1) << h;
      ASSERT_EQ(half(std::nextafter(tie, 0.0f)), h);
      ASSERT_EQ(half(std::nextafter(tie, INFINITY)), h + 1);
    }
  }
}

RC_GTEST_PROP(BitPack, ReturnsEveryCode, ()) {
  const int bits = *rc::gen::inRange(1, 9);
  const auto codes = *rc::gen::container<std::vector<std::uint8_t>>(
      rc::gen::inRange<std::uint8_t>(0, (1 << bits) - 1));
  // One byte more, to notice a write past the end.
  std::vector<std::byte> packed(packed_bytes(codes.size(), bits) + 1, std::byte{0xa5});
  pack_bits(codes, bits, packed.data());
  RC_ASSERT(packed.back() == std::byte{0xa5});
  std::vector<std::uint8_t> back(codes.size());
  unpack_bits(packed.data(), bits, back);
  RC_ASSERT(back == codes);
  // By the definition, bit for bit.
  for (std::size_t i = 0; i < codes.size() * bits; ++i) {
    const bool bit = codes[i / bits] >> (i % bits) & 1;
    RC_ASSERT(bit == ((std::to_integer<int>(packed[i / 8]) >> (i % 8) & 1) != 0));
  }
}

}  // namespace
}  // namespace cleave::codec
