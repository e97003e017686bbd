#include "study/bd_rate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cleave::study {
namespace {

/// Quality that grows by 6 with every doubling of the bytes.
std::vector<RatePoint> doubling(double first_bytes, int points) {
  std::vector<RatePoint> curve;
  for (int i = 0; i < points; ++i) curve.push_back({first_bytes * std::pow(2, i), 30 + 6.0 * i});
  return curve;
}

TEST(BdRate, HalfTheBytesEverywhereIsMinusAHalf) {
  const std::vector<RatePoint> uneven{{1000, 20}, {1300, 27}, {4000, 31}, {5000, 31.5}};
  std::vector<RatePoint> half = uneven;
  for (RatePoint& point : half) point.bytes /= 2;
  EXPECT_NEAR(*bd_rate(uneven, half), -0.5, 1e-12);
  EXPECT_NEAR(*bd_rate(half, uneven), 1, 1e-12);
  EXPECT_NEAR(*bd_rate(uneven, uneven), 0, 1e-12);
}

TEST(BdRate, LooksOnlyWhereBothAre) {
  // Shifted by one point: the same bytes at the same quality, where both are.
  const auto curve = doubling(1000, 6);
  const std::vector<RatePoint> later(curve.begin() + 2, curve.end());
  EXPECT_NEAR(*bd_rate(curve, later), 0, 1e-12);
  // Between points of a line in the logarithm, the cubic is that line.
  std::vector<RatePoint> between;
  for (int i = 0; i < 3; ++i)
    between.push_back({1000 * std::pow(2, i + 0.5) * 0.8, 30 + 6 * (i + 0.5)});
  EXPECT_NEAR(*bd_rate(curve, between), -0.2, 1e-12);
}

TEST(BdRate, AveragesTheLogarithm) {
  // From equal to a quarter of the bytes, evenly in the logarithm: half on average.
  const std::vector<RatePoint> reference{{1000, 0}, {16000, 1}};
  const std::vector<RatePoint> tested{{1000, 0}, {4000, 1}};
  EXPECT_NEAR(*bd_rate(reference, tested), -0.5, 1e-12);
}

TEST(BdRate, OneSharedQualityIsComparedThere) {
  const auto curve = doubling(1000, 4);
  const std::vector<RatePoint> one{{3000, 36}};
  EXPECT_NEAR(*bd_rate(one, curve), 2000.0 / 3000 - 1, 1e-12);
  EXPECT_NEAR(*bd_rate(curve, one), 0.5, 1e-12);
}

TEST(BdRate, NothingWhereNothingIsShared) {
  const auto curve = doubling(1000, 4);
  const std::vector<RatePoint> better{{500, 90}, {900, 99}};
  EXPECT_FALSE(bd_rate(curve, better));
  EXPECT_FALSE(bd_rate(curve, {}));
  const std::vector<RatePoint> lossless{{500, INFINITY}};
  EXPECT_FALSE(bd_rate(curve, lossless));
}

TEST(BdRate, IsAsMonotoneAsItsPoints) {
  // A cubic that overshot between the last two would make one of the sums differ.
  const std::vector<RatePoint> bent{{100, 0}, {110, 1}, {120, 2}, {4000, 3}};
  const std::vector<RatePoint> flat{{100, 0}, {4000, 3}};
  const double difference = *bd_rate(flat, bent);
  EXPECT_LT(difference, 0);
  EXPECT_GT(difference, 100.0 / 4000 - 1);
}

TEST(RateFront, LeavesOutWhatIsBeaten) {
  const std::vector<RatePoint> points{{300, 5}, {100, 4}, {200, 3},   {400, 5},
                                      {100, 2}, {0, 9},   {500, NAN}, {600, 7}};
  const auto front = rate_front(points);
  ASSERT_EQ(front.size(), 3U);
  EXPECT_EQ(front[0].bytes, 100);
  EXPECT_EQ(front[0].quality, 4);
  EXPECT_EQ(front[1].bytes, 300);
  EXPECT_EQ(front[2].bytes, 600);
}

}  // namespace
}  // namespace cleave::study
