#include "bundle/tolerance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cleave::bundle {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

double difference(const std::vector<float>& found, const std::vector<float>& expected) {
  const auto length = [](const auto& v) { return Shape{static_cast<std::int64_t>(v.size())}; };
  return relative_difference(Tensor::from_values<float>(length(found), found),
                             Tensor::from_values<float>(length(expected), expected));
}

TEST(RelativeDifference, IsOfTheExpectedRange) {
  EXPECT_DOUBLE_EQ(difference({1, 2, 5}, {1, 2, 5}), 0);
  EXPECT_DOUBLE_EQ(difference({1, 3, 5}, {1, 2, 5}), 0.25);
  EXPECT_DOUBLE_EQ(difference({1, 2, 9}, {1, 2, 5}), 1);
  EXPECT_DOUBLE_EQ(difference({9, 8}, {8, 8}), 0.125) << "a constant's magnitude";
  EXPECT_DOUBLE_EQ(difference({0.5, 0}, {0, 0}), 0.5) << "of zeros, as it stands";
  EXPECT_DOUBLE_EQ(difference({}, {}), 0);
}

TEST(RelativeDifference, NumbersThatAreNone) {
  EXPECT_EQ(difference({NAN, 1}, {NAN, 1}), 0);
  EXPECT_EQ(difference({NAN, 1}, {0, 1}), kInf);
  EXPECT_EQ(difference({0, 1}, {NAN, 1}), kInf);
  EXPECT_EQ(difference({kInf, 1}, {kInf, 1}), 0);
  EXPECT_FALSE(difference({kInf, 1}, {0, 1}) < 1e-4);
  EXPECT_FALSE(difference({0, 1}, {kInf, 1}) < 1e-4);
  EXPECT_FALSE(difference({kInf, 1}, {-kInf, 1}) < 1e-4);
  EXPECT_EQ(difference({NAN, 1, 2}, {0, 1, 1}), kInf) << "not forgotten over the next element";
}

TEST(RelativeDifference, IntegersShapesAndTypes) {
  const std::vector<std::int64_t> a{1, 2};
  const std::vector<std::int64_t> b{1, 3};
  const Tensor ta = Tensor::from_values<std::int64_t>({2}, a);
  EXPECT_EQ(relative_difference(ta, ta), 0);
  EXPECT_EQ(relative_difference(ta, Tensor::from_values<std::int64_t>({2}, b)), kInf);
  EXPECT_EQ(relative_difference(ta, Tensor::from_values<std::int64_t>({2, 1}, a)), kInf);
  EXPECT_EQ(relative_difference(Tensor(DType::kF32, {2}), Tensor(DType::kI32, {2})), kInf);
}

Tensor bits(DType dtype, const std::vector<std::uint16_t>& values) {
  return Tensor::from_bytes(dtype, {static_cast<std::int64_t>(values.size())},
                            std::as_bytes(std::span(values)))
      .value();
}

TEST(RelativeDifference, HalvesByHand) {
  // f16: 0x3C00 is 1, 0x4000 is 2, 0x4400 is 4, 0x0001 the smallest above 0. bf16: 0x3F80 is 1.
  EXPECT_DOUBLE_EQ(
      relative_difference(bits(DType::kF16, {0x3C00, 0x4400}), bits(DType::kF16, {0x0000, 0x4400})),
      0.25);
  EXPECT_DOUBLE_EQ(
      relative_difference(bits(DType::kF16, {0xC000, 0x4000}), bits(DType::kF16, {0x4000, 0x4000})),
      2);
  EXPECT_DOUBLE_EQ(relative_difference(bits(DType::kF16, {0x0001}), bits(DType::kF16, {0x0000})),
                   0x1p-24);
  EXPECT_DOUBLE_EQ(relative_difference(bits(DType::kBf16, {0x3F80, 0x4000}),
                                       bits(DType::kBf16, {0x0000, 0x4000})),
                   0.5);
}

TEST(Tolerance, IsWiderForCoarserNumbers) {
  using engine::Precision;
  EXPECT_EQ(tolerance(DType::kI64, Precision::kBf16), 0);
  EXPECT_LT(tolerance(DType::kF32, Precision::kF32), tolerance(DType::kF16, Precision::kF32));
  EXPECT_LT(tolerance(DType::kF16, Precision::kF32), tolerance(DType::kBf16, Precision::kF32));
  EXPECT_GT(tolerance(DType::kF32, Precision::kBf16), tolerance(DType::kF32, Precision::kF32));
}

}  // namespace
}  // namespace cleave::bundle
