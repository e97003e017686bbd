#include "reproduce/butterfly.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/folder.h"
#include "engine/openvino_engine.h"

namespace cleave::reproduce {
namespace {

constexpr std::string_view kPoints =
    "network,data,value,unit,codec,epochs,training_pictures,heldout_accuracy,test_accuracy,"
    "payload_bytes,uncut_accuracy\n"
    "net,set,a,butterfly:channels=1,raw,1,100,0.5,,10,0.9\n"
    "net,set,a,butterfly:channels=2,raw,1,100,0.89,,20,0.9\n";

const Claim* find(const Report& report, std::string_view what) {
  const auto it = std::ranges::find_if(report.claims, [&](const Claim& claim) {
    return claim.what.find(what) != std::string::npos;
  });
  return it == report.claims.end() ? nullptr : &*it;
}

class Butterfly : public testing::Test {
 protected:
  Result<Report> run(const std::filesystem::path& trained = {}) {
    UnitOptions options;
    options.out = folder_.path() / "out";
    options.trained = trained;
    options.measure = false;
    SteadyClock clock;
    return reproduce_butterfly(options, *engine::make_openvino_engine(), clock);
  }
  TemporaryFolder folder_;
};

TEST_F(Butterfly, SetsTheTablesBesideOurs) {
  const auto report = run();
  ASSERT_TRUE(report) << report.error().message;
  const Claim* sent = find(*report, "kB sent behind RB1");
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->modelled, sent->theirs);
  EXPECT_EQ(sent->measured, "-");
  EXPECT_EQ(find(*report, "table 3.5: mobile-only")->modelled, "15.7 ms, 20.5 mJ");
  EXPECT_EQ(find(*report, "figure 3.5")->modelled, "RB14");
  EXPECT_EQ(find(*report, "3.3.4")->modelled, "256x");
  EXPECT_EQ(report->left_out.size(), 1u) << "what needs training";
  EXPECT_EQ(find(*report, "figure 3.7"), nullptr);
  // Two ways without a unit and sixteen with one, over three links, and the names.
  const std::string csv = read_file(folder_.path() / "out" / "partitions.csv").value();
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 3 * 18);
  for (const std::string& name : report->figures)
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "out" / (name + ".csv"))) << name;
}

// A budget that ends before the units are measured costs the measured pair, not the modelled one.
TEST_F(Butterfly, LeavesOutAPairThatDoesNotFitItsBudget) {
  UnitOptions options;
  options.out = folder_.path() / "out";
  options.budget_s = 1e-6;
  SteadyClock clock;
  const auto report = reproduce_butterfly(options, *engine::make_openvino_engine(), clock);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->machines.size(), 1u);
  ASSERT_EQ(report->left_out.size(), 2u);
  EXPECT_TRUE(report->left_out.front().starts_with("the measured pair: "));
  const Claim* mobile_only = find(*report, "table 3.5: mobile-only");
  ASSERT_NE(mobile_only, nullptr);
  EXPECT_EQ(mobile_only->modelled, "15.7 ms, 20.5 mJ");
  EXPECT_EQ(mobile_only->measured, "-");
}

TEST_F(Butterfly, TakesAccuracyFromTrainedPoints) {
  const auto file = folder_.path() / "points.csv";
  ASSERT_TRUE(write_file(file, kPoints));
  const auto report = run(file);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->left_out.size(), 1u);
  EXPECT_NE(report->left_out.front().find("CLEAVE_DATA"), std::string::npos);
  EXPECT_EQ(find(*report, "figure 3.7")->measured, "2 (1.0 points)");
  EXPECT_EQ(std::ranges::count(report->figures, "figure_3_7"), 1);
}

TEST_F(Butterfly, RefusesBadTrainedPointsBeforeAllElse) {
  const auto file = folder_.path() / "points.csv";
  ASSERT_TRUE(write_file(file, "nonsense\n"));
  const auto report = run(file);
  ASSERT_FALSE(report);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out"));
}

}  // namespace
}  // namespace cleave::reproduce
