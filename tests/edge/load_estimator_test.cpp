#include "edge/load_estimator.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace cleave::edge {
namespace {

TEST(LoadEstimator, KnowsNothingOfAServerThatWasNotSeen) {
  LoadEstimator estimator;
  EXPECT_FALSE(estimator.load(Nanos(0)));
  for (const double nothing : {0.0, -1.0}) estimator.observe(20, nothing, Nanos(0));
  EXPECT_FALSE(estimator.load(Nanos(0))) << "no cost was recorded to compare with";
}

TEST(LoadEstimator, IsTheFactorOfExactObservations) {
  LoadEstimator estimator;
  const ManualClock clock;
  for (const double recorded : {4.0, 0.3, 25.0}) {
    estimator.observe(3.5 * recorded, recorded, clock.now());
    ASSERT_TRUE(estimator.load(clock.now()));
    EXPECT_DOUBLE_EQ(*estimator.load(clock.now()), 3.5);
  }
}

TEST(LoadEstimator, FollowsAServerThatGetsBusy) {
  LoadEstimator estimator;
  const ManualClock clock;
  for (int i = 0; i < 20; ++i) estimator.observe(5, 5, clock.now());
  for (int i = 0; i < 4; ++i) estimator.observe(40, 5, clock.now());
  EXPECT_GT(*estimator.load(clock.now()), 7);
}

TEST(LoadEstimator, IsNotLedAstrayByJitterOfSmallTails) {
  LoadEstimator estimator;
  const ManualClock clock;
  Random random(1);
  estimator.observe(40, 20, clock.now());
  // One tail of 0.05 ms at a time seems to take up to 20 times as long.
  for (int i = 0; i < 3; ++i) estimator.observe(random.uniform(0, 1), 0.05, clock.now());
  EXPECT_NEAR(*estimator.load(clock.now()), 2, 1);
}

TEST(LoadEstimator, ForgetsWhatIsLongAgo) {
  LoadEstimator estimator;
  ManualClock clock;
  estimator.observe(40, 5, clock.now());
  clock.advance(std::chrono::seconds(9));
  EXPECT_TRUE(estimator.load(clock.now()));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(estimator.load(clock.now()));
  estimator.observe(5, 5, clock.now());
  EXPECT_DOUBLE_EQ(*estimator.load(clock.now()), 1) << "what was forgotten does not come back";
}

}  // namespace
}  // namespace cleave::edge
