#include "codec/block_dct.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/checksum.h"
#include "base/random.h"

namespace cleave::codec {
namespace {

TEST(BlockAxis, BlocksAreAsEqualAsTheyCanBe) {
  const BlockAxis axis(27, 8);
  ASSERT_EQ(axis.blocks(), 4);
  EXPECT_EQ(axis.size(0), 7);
  EXPECT_EQ(axis.size(2), 7);
  EXPECT_EQ(axis.size(3), 6);
  EXPECT_EQ(axis.before(3), -1);
  EXPECT_EQ(axis.before(9), 2);
  EXPECT_EQ(axis.behind(6), 13);
  EXPECT_EQ(axis.behind(20), 26);  // the last block has no seventh
  EXPECT_EQ(axis.behind(21), -1);
}

TEST(Dct, TablesAreTheSameOnEveryMachine) {
  std::uint32_t crc = 0;
  for (int n = 1; n <= kMaxBlock; ++n) crc = crc32c(std::as_bytes(dct_table(n)), crc);
  EXPECT_EQ(crc, 2670212186U);
}

TEST(Dct, RowsAreOrthonormal) {
  for (int n = 1; n <= kMaxBlock; ++n) {
    const auto table = dct_table(n);
    for (int a = 0; a < n; ++a)
      for (int b = 0; b < n; ++b) {
        double product = 0;
        for (int i = 0; i < n; ++i) product += double{1} * table[a * n + i] * table[b * n + i];
        EXPECT_NEAR(product / (1 << 24), a == b ? 1 : 0, 2e-3) << n;
      }
  }
}

TEST(Dct, InverseUndoesForward) {
  Random random(1);
  for (const auto& [height, width, block] :
       {std::tuple{16, 16, 8}, {27, 13, 8}, {5, 40, 32}, {1, 7, 4}, {3, 3, 1}}) {
    const BlockAxis rows(height, block);
    const BlockAxis columns(width, block);
    std::vector<float> plane(static_cast<std::size_t>(height) * width);
    for (float& v : plane) v = static_cast<float>(random.uniform(-20'000, 20'000));
    std::vector<float> coefficients = plane;
    forward_dct(rows, columns, coefficients);
    std::vector<std::int32_t> integers;
    for (const float v : coefficients)
      integers.push_back(static_cast<std::int32_t>(std::lround(v)));
    inverse_dct(rows, columns, integers);
    for (std::size_t i = 0; i < plane.size(); ++i)
      ASSERT_NEAR(static_cast<double>(integers[i]), plane[i], 40) << height << "x" << width;
  }
}

/// Sums of 32 bits are used where they suffice: they give what 64 give.
TEST(Dct, NarrowAndWideSumsAgree) {
  Random random(2);
  const BlockAxis rows(8, 8);
  const BlockAxis columns(16, 8);
  std::vector<std::int32_t> narrow(128);
  for (std::int32_t& v : narrow) v = static_cast<std::int32_t>(random.below(60'000)) - 30'000;
  std::vector<std::int32_t> wide = narrow;
  // A block of its own with one large coefficient makes the whole plane take the wide way.
  for (int y = 0; y < 8; ++y)
    for (int x = 8; x < 16; ++x) wide[y * 16 + x] = narrow[y * 16 + x] = 0;
  wide[8] = 1 << 20;
  inverse_dct(rows, columns, narrow);
  inverse_dct(rows, columns, wide);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x) EXPECT_EQ(narrow[y * 16 + x], wide[y * 16 + x]);
}

}  // namespace
}  // namespace cleave::codec
