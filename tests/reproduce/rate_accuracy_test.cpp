#include "reproduce/rate_accuracy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/folder.h"

namespace cleave::reproduce {
namespace {

/// A point of a network that is right on 0.9 of the pictures held out and of the test set.
TrainedPoint point(std::string unit, std::string codec, double bytes, double loss_points) {
  TrainedPoint p;
  p.network = "n";
  p.data = "d";
  p.value = unit == kPictureUnit ? "input" : "v";
  p.unit = p.unit_spec = std::move(unit);
  p.codec = p.training_codec = std::move(codec);
  p.payload_bytes = bytes;
  p.uncut_accuracy = 0.9;
  p.uncut_test_accuracy = 0.8;
  p.heldout_accuracy = 0.9;
  p.test_accuracy = 0.8 - loss_points / 100;
  return p;
}

std::vector<TrainedPoint> points() {
  return {point("none", "cleave", 400, 1),         point("none", "cleave", 100, 4),
          point("none", "cleave", 200, 6),         point("none", "quant:bits=4|zstd", 900, 0),
          point("picture", "webp:q=5", 300, 2),    point("picture", "jpeg:q=5", 500, 1.5),
          point("bottleneck", "cleave", 50, 1.75), point("bottleneck", "cleave", 20, 8)};
}

std::string measured(const std::vector<Claim>& claims, std::string_view what) {
  for (const Claim& claim : claims)
    if (claim.what.starts_with(what)) return claim.measured;
  return "no such claim";
}

TEST(RateAccuracy, DrawsWhatNoOtherPointOfALineBeats) {
  const Figure figure = rate_accuracy_figure(points());
  ASSERT_EQ(figure.panels.size(), 1u);
  EXPECT_EQ(figure.panels.front().title, "n, d, v, test set");
  std::vector<std::string> titles;
  for (const Series& series : figure.panels.front().series) titles.push_back(series.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"bottleneck", "plain, cleave", "picture, webp",
                                              "picture, jpeg", "plain, quant"}));
  EXPECT_EQ(figure.panels.front().series[1].at, (std::vector<double>{100, 400}));
}

constexpr std::string_view kFewest = "fewest bytes, 2 points lost";
constexpr std::string_view kPlain = "2 points lost, unit's bytes fewer than the plain";
constexpr std::string_view kPicture = "2 points lost, unit's bytes fewer than the picture";

TEST(RateAccuracy, ComparesBytesAtTwoPoints) {
  const auto claims = rate_accuracy_claims(points());
  EXPECT_TRUE(claims.front().what.ends_with(": n, d, v, test set"));
  // A third of the way in points is a third of the way from 400 to 100 in their logarithm.
  EXPECT_EQ(measured(claims, kFewest),
            "bottleneck: 50 B, plain, cleave: ~252 B, picture, webp: 300 B, picture, jpeg: 500 B, "
            "plain, quant: 900 B");
  EXPECT_EQ(measured(claims, kPlain), "5.0x (bottleneck: 50 B; plain, cleave: ~252 B)");
  EXPECT_EQ(measured(claims, kPicture), "6.0x (bottleneck: 50 B; picture, webp: 300 B)");
}

TEST(RateAccuracy, TakesPicturesWhateverTheirValue) {
  auto list = points();
  const auto expected = rate_accuracy_figure(list).panels.front().series.size();
  list[4].value = list[5].value = "v";
  std::ranges::rotate(list, list.begin() + 4);
  ASSERT_EQ(rate_accuracy_figure(list).panels.size(), 1u);
  EXPECT_EQ(rate_accuracy_figure(list).panels.front().series.size(), expected);
  EXPECT_EQ(measured(rate_accuracy_claims(list), kPicture),
            "6.0x (bottleneck: 50 B; picture, webp: 300 B)");
}

TEST(RateAccuracy, SaysWhereNothingIsWithinTheLoss) {
  auto list = points();
  list[6].test_accuracy = 0.7;
  const auto claims = rate_accuracy_claims(list);
  EXPECT_TRUE(measured(claims, kFewest).starts_with("bottleneck: none, "));
  EXPECT_EQ(measured(claims, kPlain), "-");
}

// Losses of two sets are not set beside each other.
TEST(RateAccuracy, LeavesOutWhatWasNotScoredOnTheTestSet) {
  auto list = points();
  list.front().test_accuracy.reset();
  const Figure figure = rate_accuracy_figure(list);
  EXPECT_EQ(figure.panels.front().title, "n, d, v, test set");
  EXPECT_EQ(figure.panels.front().series[1].at, std::vector<double>{100});
}

TEST(RateAccuracy, TakesHeldOutPicturesWhereNoUnitWasTested) {
  auto list = points();
  list[6].test_accuracy.reset();
  list[7].test_accuracy.reset();
  list[0].heldout_accuracy.reset();
  const Figure figure = rate_accuracy_figure(list);
  EXPECT_EQ(figure.panels.front().title, "n, d, v, held-out pictures");
  EXPECT_EQ(figure.panels.front().series.front().values, std::vector<double>{0});
  EXPECT_EQ(figure.panels.front().series[1].at, std::vector<double>{100});
}

TEST(RateAccuracy, NeedsAUnitAndSomethingBesideIt) {
  const TemporaryFolder folder;
  Report report;
  UnitOptions options;
  options.out = folder.path();
  const auto all = points();
  ASSERT_TRUE(add_rate_accuracy(report, options, {all[0], all[4]}));
  ASSERT_TRUE(add_rate_accuracy(report, options, {all[6], all[7]}));
  EXPECT_TRUE(report.figures.empty());
  EXPECT_EQ(report.left_out.size(), 2u);
  ASSERT_TRUE(add_rate_accuracy(report, options, {all[0], all[6]}));
  EXPECT_EQ(report.figures, std::vector<std::string>{"rate_accuracy"});
}

}  // namespace
}  // namespace cleave::reproduce
