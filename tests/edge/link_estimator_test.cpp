#include "edge/link_estimator.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace cleave::edge {
namespace {

/// What a transfer of these bytes takes over a link, in ms.
double time_over(const Link& link, double up, double down) {
  return link.rtt_ms + link.up_ms(up) + link.down_ms(down);
}

TEST(LinkEstimator, KnowsNothingAtFirst) {
  LinkEstimator estimator;
  EXPECT_FALSE(estimator.rtt_ms());
  EXPECT_FALSE(estimator.link());
  estimator.observe_transfer(100'000, 0, 80);
  EXPECT_FALSE(estimator.link()) << "a rate needs a round trip first";
}

TEST(LinkEstimator, FindsTheLinkOfExactObservations) {
  for (const Link& link : link_presets()) {
    LinkEstimator estimator(link.down_mbps / link.up_mbps);
    for (const double late : {3.0, 0.0, 9.0}) estimator.observe_round_trip(link.rtt_ms + late);
    for (const std::size_t bytes : {8'000, 32'000, 150'000})
      estimator.observe_transfer(bytes, 4'000, time_over(link, static_cast<double>(bytes), 4'000));
    ASSERT_TRUE(estimator.link());
    EXPECT_DOUBLE_EQ(estimator.link()->rtt_ms, link.rtt_ms);
    EXPECT_NEAR(estimator.link()->up_mbps, link.up_mbps, 1e-6 * link.up_mbps);
    EXPECT_NEAR(estimator.link()->down_mbps, link.down_mbps, 1e-6 * link.down_mbps);
  }
}

TEST(LinkEstimator, IsNotLedAstrayByJitterOfSmallMessages) {
  const Link link = link_presets()[1];
  LinkEstimator estimator(link.down_mbps / link.up_mbps);
  Random random(1);
  for (int i = 0; i < 10; ++i) estimator.observe_round_trip(link.rtt_ms + random.uniform(0, 2));
  for (int i = 0; i < 50; ++i) {
    estimator.observe_transfer(200, 100, time_over(link, 200, 100) + random.uniform(0, 2));
    estimator.observe_transfer(100'000, 4'000,
                               time_over(link, 100'000, 4'000) + random.uniform(0, 2));
  }
  EXPECT_NEAR(estimator.link()->up_mbps, link.up_mbps, 0.03 * link.up_mbps);
}

TEST(LinkEstimator, FollowsALinkThatChanges) {
  Link link = link_presets()[2];
  LinkEstimator estimator;
  estimator.observe_round_trip(link.rtt_ms);
  link.down_mbps = link.up_mbps;
  for (int i = 0; i < 20; ++i) estimator.observe_transfer(50'000, 0, time_over(link, 50'000, 0));
  link.up_mbps /= 10;
  for (int i = 0; i < 5; ++i) estimator.observe_transfer(50'000, 0, time_over(link, 50'000, 0));
  EXPECT_NEAR(estimator.link()->up_mbps, link.up_mbps, 0.15 * link.up_mbps);
}

}  // namespace
}  // namespace cleave::edge
