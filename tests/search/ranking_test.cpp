#include "search/ranking.h"

#include <gtest/gtest.h>

namespace cleave::search {
namespace {

Score score(double loss, double bytes) {
  return {.accuracy = 0.9 - loss, .uncut_accuracy = 0.9, .payload_bytes = bytes, .seconds = 1};
}

Record record(int cut, double loss, double bytes) {
  return {.candidate = {cut, "u", "raw"}, .proxy = score(loss, bytes), .full = {}};
}

using Places = std::vector<std::size_t>;

TEST(Ranking, WhatAnotherOfItsCutBeatsIsDropped) {
  const std::vector<Record> records = {
      record(1, 0.10, 100),  // small and poor
      record(1, 0.05, 200),  // large and good
      record(1, 0.12, 150),  // beaten by the first
      record(2, 0.20, 300),  // another cut: nothing to be beaten by
      record(1, 0.05, 200),  // as good as the second
      {.candidate = {1, "u", "raw"}},
  };
  EXPECT_EQ(undominated(records), (Places{0, 1, 3, 4}));
  std::vector<Record> failed = records;
  failed[0].failure = "the run diverges";
  EXPECT_EQ(undominated(failed), (Places{1, 2, 3, 4})) << "what it beat is in its place";
}

TEST(Ranking, TheCheapestThatMayDoIsTrainedFirst) {
  std::vector<Record> records = {record(1, 0.20, 100), record(1, 0.03, 200), record(1, 0.01, 400)};
  const Places all{0, 1, 2};
  const std::vector<double> costs{1, 2, 4};
  // Full training is taken to leave half of a loss: 10 points, 1.5 points, half a point.
  EXPECT_EQ(next_to_train(records, all, costs, 0.02), 1U);
  // It did: nothing dearer of this cut has to be tried, and the cheaper one has nothing to lose.
  records[1].full = score(0.015, 200);
  EXPECT_EQ(next_to_train(records, all, costs, 0.02), 0U);
  records[0].full = score(0.10, 100);
  EXPECT_EQ(next_to_train(records, all, costs, 0.02), std::nullopt);
}

TEST(Ranking, WhereOneFailedNoWorseOneIsTried) {
  std::vector<Record> records = {record(1, 0.20, 100), record(1, 0.03, 200), record(1, 0.01, 400),
                                 record(2, 0.10, 100)};
  const Places all{0, 1, 2, 3};
  const std::vector<double> costs{1, 2, 4, 3};
  records[1].full = score(0.025, 200);
  EXPECT_EQ(next_to_train(records, all, costs, 0.02), 2U);
  records[2].full = score(0.005, 400);
  EXPECT_EQ(next_to_train(records, all, costs, 0.02), 3U) << "another cut is another matter";
}

TEST(Ranking, WithoutHopeTheLikeliestIsTrained) {
  const std::vector<Record> records = {record(1, 0.5, 100), record(1, 0.4, 200)};
  EXPECT_EQ(next_to_train(records, Places{0, 1}, std::vector<double>{1, 2}, 0.01), 1U);
}

TEST(Ranking, WhatIsLeftOfALossIsLearned) {
  std::vector<Record> records = {record(1, 0.20, 100), record(1, 0.10, 200)};
  EXPECT_DOUBLE_EQ(remaining_share(records), 0.5);
  records[0].full = score(0.02, 100);
  records[1].full = score(0.01, 200);
  EXPECT_DOUBLE_EQ(remaining_share(records), (0.5 + 0.1 + 0.1) / 3);
}

TEST(Ranking, ALossOfJustTheFloorIsWithin) {
  const Score score{.accuracy = 0.9124, .uncut_accuracy = 0.9324};
  ASSERT_GT(score.loss(), 0.02);
  EXPECT_TRUE(score.is_within(0.02));
  EXPECT_FALSE(score.is_within(0.0199));
}

TEST(Ranking, KendallsTauByHand) {
  std::vector<Record> records;
  EXPECT_EQ(kendall_tau(records), std::nullopt);
  const auto add = [&](double proxy, double full) {
    records.push_back(record(1, proxy, 100));
    records.back().full = score(full, 100);
  };
  add(0.1, 0.01);
  EXPECT_EQ(kendall_tau(records), std::nullopt);
  add(0.2, 0.02);
  add(0.3, 0.03);
  EXPECT_DOUBLE_EQ(*kendall_tau(records), 1);
  // Pairs with the fourth: two the other way round, one the same.
  add(0.4, 0.015);
  EXPECT_DOUBLE_EQ(*kendall_tau(records), (4.0 - 2.0) / 6);
}

}  // namespace
}  // namespace cleave::search
