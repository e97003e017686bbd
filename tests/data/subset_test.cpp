#include "data/subset.h"

#include <gtest/gtest.h>

#include <set>

namespace cleave::data {
namespace {

TEST(Subset, TheSeedDecides) {
  const auto order = shuffled(100, 7);
  EXPECT_EQ(order, shuffled(100, 7));
  EXPECT_NE(order, shuffled(100, 8));
  EXPECT_EQ(std::set(order.begin(), order.end()).size(), 100U);
  EXPECT_TRUE(shuffled(0, 7).empty());
}

TEST(Subset, HalvesShareNothing) {
  const Halves halves = shuffled_halves(7, 3);
  EXPECT_EQ(halves.calibration.size(), 3U);
  EXPECT_EQ(halves.scoring.size(), 4U);
  std::set<std::size_t> all(halves.calibration.begin(), halves.calibration.end());
  all.insert(halves.scoring.begin(), halves.scoring.end());
  EXPECT_EQ(all.size(), 7U);
}

}  // namespace
}  // namespace cleave::data
