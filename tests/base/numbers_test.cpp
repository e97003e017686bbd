// Tensors, statistics, random numbers and clocks.
#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/clock.h"
#include "base/random.h"
#include "base/random_tensor.h"
#include "base/stats.h"
#include "base/tensor.h"

namespace cleave {
namespace {

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

TEST(ElementCount, KnowsWhatItCannotCount) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({2, 0, 4}), 0);
  EXPECT_EQ(element_count({2, -1}), std::nullopt);
  EXPECT_EQ(element_count({kHuge, 2}), std::nullopt);
  EXPECT_EQ(element_count({kHuge / 8 + 1}), std::nullopt) << "its bytes would overflow";
  EXPECT_EQ((TensorSpec{"x", DType::kF64, {kHuge / 8}}.byte_size()), kHuge / 8 * 8);
  EXPECT_EQ((TensorSpec{"x", DType::kF32, {-1}}.byte_size()), std::nullopt);
}

TEST(DTypes, NamesAndSizesAgree) {
  for (int i = 1; i <= 13; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(dtype_from_name(dtype_name(dtype)), dtype);
    EXPECT_GE(dtype_size(dtype), 1U);
    EXPECT_EQ(is_floating(dtype), dtype_name(dtype).find('f') != std::string_view::npos);
  }
  EXPECT_EQ(dtype_from_name("f8"), std::nullopt);
  EXPECT_EQ(shape_text({1, -1, 3}), "1x?x3");
  EXPECT_EQ(shape_text({}), "scalar");
}

TEST(Tensor, FillsExactly) {
  const std::vector<std::byte> bytes(12);
  EXPECT_TRUE(Tensor::from_bytes(DType::kF32, {3}, bytes));
  EXPECT_FALSE(Tensor::from_bytes(DType::kF32, {2}, bytes));
  EXPECT_FALSE(Tensor::from_bytes(DType::kF32, {4}, bytes));
  EXPECT_FALSE(Tensor::from_bytes(DType::kF32, {-1}, bytes));
  EXPECT_FALSE(Tensor::from_bytes(DType::kF32, {kHuge, kHuge}, bytes));
  EXPECT_EQ(Tensor::from_bytes(DType::kF32, {0, 7}, {}).value().byte_size(), 0U);
}

TEST(Tensor, CopiesAreDeepAndAligned) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  Tensor first = Tensor::from_values<float>({2, 3}, values);
  const Tensor copy = first;
  first.as<float>()[0] = 9;
  EXPECT_EQ(copy.as<float>()[0], 1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copy.bytes().data()) % 64, 0U);
  const Tensor& same = first;
  first = same;
  EXPECT_EQ(first.as<float>()[0], 9);
}

TEST(Tensor, ReshapesToTheSameCountOnly) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  auto reshaped = Tensor::from_values<float>({2, 3}, values).reshaped({3, 2, 1});
  ASSERT_TRUE(reshaped);
  EXPECT_EQ(reshaped->shape(), (Shape{3, 2, 1}));
  EXPECT_EQ(reshaped->as<float>()[5], 6);
  EXPECT_FALSE(std::move(*reshaped).reshaped({5}));
  EXPECT_FALSE(Tensor(DType::kF32, {6}).reshaped({-1}));
}

TEST(Stats, QuantilesByHand) {
  EXPECT_EQ(quantile_of_sorted({}, 0.5), 0);
  EXPECT_EQ(quantile_of_sorted({7}, 0.99), 7);
  EXPECT_DOUBLE_EQ(quantile_of_sorted({0, 10}, 0.25), 2.5);
  EXPECT_DOUBLE_EQ(quantile_of_sorted({1, 2, 3, 4}, 1), 4);
  const Summary s = summarize({4, 1, 3, 2, 10});
  EXPECT_EQ(s.count, 5);
  EXPECT_DOUBLE_EQ(s.mean, 4);
  EXPECT_DOUBLE_EQ(s.median, 3);
  EXPECT_DOUBLE_EQ(s.p25, 2);
  EXPECT_DOUBLE_EQ(s.p75, 4);
  EXPECT_DOUBLE_EQ(s.p90, 7.6);
  EXPECT_DOUBLE_EQ(s.min, 1);
  EXPECT_DOUBLE_EQ(s.max, 10);
  EXPECT_EQ(summarize({}).count, 0);
}

// The reference values of SplitMix64 with seed 0.
TEST(Random, IsTheSameEverywhere) {
  Random random(0);
  EXPECT_EQ(random.next(), 0xE220A8397B1DCDAFU);
  EXPECT_EQ(random.next(), 0x6E789E6AA1B965F4U);
  EXPECT_EQ(random.next(), 0x06C45D188009454FU);
}

TEST(Random, KeepsItsRanges) {
  Random random(3);
  constexpr int kDraws = 20000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform(-2, 5);
    EXPECT_TRUE(u >= -2 && u < 5);
    EXPECT_LT(random.below(7), 7U);
    const double n = random.normal();
    sum += n;
    squares += n * n;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.03);
  EXPECT_NEAR(squares / kDraws, 1, 0.05);
}

TEST(RandomTensors, NoiseForFloatsAndZeroForIndices) {
  const std::vector<TensorSpec> specs{{"x", DType::kF32, {100}}, {"i", DType::kI64, {3}}};
  const auto a = random_tensors(specs, 1);
  const auto b = random_tensors(specs, 1);
  const auto other = random_tensors(specs, 2);
  EXPECT_TRUE(std::ranges::equal(a[0].bytes(), b[0].bytes()));
  EXPECT_FALSE(std::ranges::equal(a[0].bytes(), other[0].bytes()));
  for (const float x : a[0].as<float>()) EXPECT_TRUE(std::isfinite(x));
  for (const std::int64_t i : a[1].as<std::int64_t>()) EXPECT_EQ(i, 0);
}

TEST(Clocks, ManualTimePassesOnlyWhenTold) {
  ManualClock clock;
  EXPECT_EQ(clock.now(), Nanos(0));
  clock.sleep_until(from_ms(5));
  EXPECT_EQ(to_ms(clock.now()), 5);
  clock.sleep_until(from_ms(3));
  EXPECT_EQ(to_ms(clock.now()), 5) << "time never goes back";
  clock.advance(from_ms(1.5));
  EXPECT_EQ(to_ms(clock.now()), 6.5);
}

TEST(Clocks, SteadySleepsAtLeastSoLong) {
  SteadyClock clock;
  const Nanos when = clock.now() + from_ms(1);
  clock.sleep_until(when);
  EXPECT_GE(clock.now(), when);
}

}  // namespace
}  // namespace cleave
