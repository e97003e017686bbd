#include "edge/round_trip.h"

#include <gtest/gtest.h>

namespace cleave::edge {
namespace {

using std::chrono::milliseconds;

wire::Parameters parameters(std::int64_t receive_ms, std::int64_t send_ms, std::int64_t queue_ms,
                            std::int64_t decode_ms, std::int64_t compute_ms) {
  return {{"cleave_receive_ns", receive_ms * 1'000'000},
          {"cleave_send_ns", send_ms * 1'000'000},
          {"cleave_queue_us", queue_ms * 1000},
          {"cleave_decode_us", decode_ms * 1000},
          {"cleave_compute_us", compute_ms * 1000}};
}

TEST(ServerTimes, AreReadFromTheParameters) {
  const auto times = server_times(parameters(5000, 5020, 4, 3, 12), milliseconds(100));
  ASSERT_TRUE(times);
  EXPECT_EQ(times->total, milliseconds(20));
  EXPECT_EQ(times->queue, milliseconds(4));
  EXPECT_EQ(times->decode, milliseconds(3));
  EXPECT_EQ(times->compute, milliseconds(12));
}

TEST(ServerTimes, ThatCannotBeTrueAreNotBelieved) {
  const Nanos round_trip = milliseconds(100);
  EXPECT_FALSE(server_times({}, round_trip));
  EXPECT_FALSE(server_times(parameters(5000, 5200, 0, 0, 0), round_trip)) << "over the round trip";
  EXPECT_FALSE(server_times(parameters(5000, 4990, 0, 0, 0), round_trip)) << "backwards";
  EXPECT_FALSE(server_times(parameters(5000, 5010, 0, 0, 11), round_trip)) << "a part over all";
  EXPECT_FALSE(server_times(parameters(5000, 5010, -1, 0, 0), round_trip));
  auto strange = parameters(5000, 5010, 0, 0, 0);
  strange["cleave_queue_us"] = std::string("soon");
  EXPECT_FALSE(server_times(strange, round_trip));
  strange["cleave_queue_us"] = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(server_times(strange, round_trip));
}

void expect_in_order(const Stages& stages, Span exchange) {
  Nanos at = exchange.start;
  for (const Stage stage :
       {Stage::kUp, Stage::kQueue, Stage::kDecode, Stage::kTail, Stage::kDown}) {
    EXPECT_GE(stages[stage].start, at) << stage_name(stage);
    EXPECT_GE(stages[stage].end, stages[stage].start) << stage_name(stage);
    at = stages[stage].end;
  }
  EXPECT_EQ(at, exchange.end);
}

TEST(PlaceRoundTrip, GivesTheNetworkWhatTheServerDidNotTake) {
  LinkEstimator link;
  link.observe_round_trip(10);
  const Span exchange{milliseconds(1000), milliseconds(1100)};
  const auto times = server_times(parameters(7000, 7040, 5, 10, 20), milliseconds(100));
  Stages stages;
  place_round_trip(exchange, times, link, 1000, 0, stages);
  expect_in_order(stages, exchange);
  EXPECT_DOUBLE_EQ(stages[Stage::kDown].ms(), 5);
  EXPECT_DOUBLE_EQ(stages[Stage::kUp].ms(), 55);
  EXPECT_DOUBLE_EQ(stages[Stage::kQueue].ms(), 5);
  EXPECT_DOUBLE_EQ(stages[Stage::kDecode].ms(), 10);
  EXPECT_DOUBLE_EQ(stages[Stage::kTail].ms(), 20);
}

TEST(PlaceRoundTrip, NeverPlacesMoreThanThereWas) {
  LinkEstimator link;
  link.observe_round_trip(300);
  const Span exchange{milliseconds(1000), milliseconds(1100)};
  Stages stages;
  place_round_trip(exchange, server_times(parameters(0, 90, 80, 80, 80), milliseconds(100)), link,
                   1000, 1'000'000, stages);
  expect_in_order(stages, exchange);
  place_round_trip(exchange, std::nullopt, link, 1000, 1'000'000, stages);
  expect_in_order(stages, exchange);
}

TEST(PlaceRoundTrip, WithoutTheServersTimesTheRestIsTail) {
  LinkEstimator link;
  link.observe_round_trip(10);
  link.observe_transfer(10'000, 0, 10 + 20);
  const Span exchange{milliseconds(1000), milliseconds(1100)};
  Stages stages;
  place_round_trip(exchange, std::nullopt, link, 20'000, 0, stages);
  expect_in_order(stages, exchange);
  EXPECT_NEAR(stages[Stage::kTail].ms(), 100 - 10 - 40, 1e-3);
}

}  // namespace
}  // namespace cleave::edge
