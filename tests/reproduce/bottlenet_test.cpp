#include "reproduce/bottlenet.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/folder.h"
#include "engine/openvino_engine.h"

namespace cleave::reproduce {
namespace {

constexpr std::string_view kPoints =
    "network,data,value,unit,codec,training_codec,epochs,training_pictures,heldout_accuracy,"
    "test_accuracy,payload_bytes,uncut_accuracy\n"
    "net,set,a,bottleneck:channels=1,jpeg:q=20,,1,100,0.89,,20,0.9\n"
    "net,set,a,bottleneck:channels=1,jpeg:q=20,f16,1,100,0.7,,22,0.9\n";

class BottleNet : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    UnitOptions options;
    options.out = folder_->path() / "out";
    options.trained = folder_->path() / "points.csv";
    options.measure = false;
    ASSERT_TRUE(write_file(options.trained, kPoints));
    SteadyClock clock;
    auto report = reproduce_bottlenet(options, *engine::make_openvino_engine(), clock);
    ASSERT_TRUE(report) << report.error().message;
    report_ = std::make_unique<Report>(std::move(*report));
  }
  static void TearDownTestSuite() {
    report_.reset();
    folder_.reset();
  }

  static Claim claim(std::string_view what) {
    for (const Claim& c : report_->claims)
      if (c.what.find(what) != std::string::npos) return c;
    return {"no such claim", "", "", ""};
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<Report> report_;
};
std::unique_ptr<TemporaryFolder> BottleNet::folder_;
std::unique_ptr<Report> BottleNet::report_;

TEST_F(BottleNet, HasTheNumbersThatFollowFromTheTables) {
  EXPECT_EQ(claim("table 4.2, ResNet-50: mobile-only").modelled, "15.7 ms, 20.5 mJ");
  EXPECT_EQ(claim("table 4.2, VGG-19: mobile-only").modelled, "45.3 ms, 59.15 mJ");
  // 4.3.2 prints these means, and 5.1 and 6.9 of them.
  EXPECT_EQ(claim("both: latency").theirs, "10.6, 3.4, 1.3; mean 5.1");
  EXPECT_EQ(claim("both: energy").theirs, "8.2, 6.5, 5.9; mean 6.9");
  EXPECT_EQ(claim("figure 4.5").modelled, "RB14, C13");
  EXPECT_EQ(claim("4.3.4: JPEG").modelled, "16.3x");
  EXPECT_EQ(claim("paper, table 5: selected for latency").modelled, "RB1, RB1, RB1");
  EXPECT_EQ(claim("paper, table 5: sent there").modelled, "316, 316, 316");
  EXPECT_EQ(claim("table 4.2, VGG-19: selected").what, "no such claim") << "C2 alone is given";
}

// Table 4 of the paper prints the bytes behind each block: those are what is sent.
TEST_F(BottleNet, SendsTheBytesOfTheTable) {
  const std::string csv = read_file(folder_->path() / "out" / "partitions.csv").value();
  // 18 ways of the paper's table, 3 of each network of table 4.2, over three links, and the names.
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 3 * (18 + 3 + 3));
  EXPECT_NE(csv.find("modelled,paper 4,ResNet-50,3g,RB1,1,2,316,"), std::string::npos);
  EXPECT_NE(csv.find("modelled,paper 4,ResNet-50,wifi,RB16,10,2,53,"), std::string::npos);
  EXPECT_NE(csv.find("modelled,thesis 4.2,ResNet-50,4g,RB1,5,2,1580,"), std::string::npos);
  EXPECT_NE(csv.find("modelled,thesis 4.2,VGG-19,4g,C2,1,2,1720,"), std::string::npos);
}

// Figure 4.5's axes: 3211, 1606 and 803 kB of VGG-19, 803 and 401 of ResNet-50, 151 of the picture.
TEST_F(BottleNet, HandsOnWhatFigure45Shows) {
  const std::string csv = read_file(folder_->path() / "out" / "figure_4_5.csv").value();
  for (const char* line :
       {"VGG-19,,input,150.528", "VGG-19,,C1,3211.26", "VGG-19,,C3,1605.63", "VGG-19,,C5,802.816",
        "ResNet-50,,RB1,802.816", "ResNet-50,,RB4,401.408"})
    EXPECT_NE(csv.find(line), std::string::npos) << line;
}

TEST_F(BottleNet, TakesLossesFromTrainedPoints) {
  EXPECT_EQ(claim("figure 4.6").measured, "20.0, 1.0 points (bottleneck:channels=1, jpeg:q=20)");
  EXPECT_EQ(std::ranges::count(report_->figures, "figure_4_6"), 1);
  ASSERT_EQ(report_->left_out.size(), 2u);
  EXPECT_NE(report_->left_out.front().find("CLEAVE_DATA"), std::string::npos);
  EXPECT_NE(report_->left_out.back().find("with and without a unit"), std::string::npos);
}

}  // namespace
}  // namespace cleave::reproduce
