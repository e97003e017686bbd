#include "reproduce/jointdnn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "base/folder.h"
#include "data/image.h"
#include "engine/openvino_engine.h"
#include "reproduce/gpu.h"
#include "reproduce/jointdnn_layers.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;
using plan::Side;

/// AlexNet on the modelled machines.
class AlexNet : public testing::Test {
 protected:
  static Network network(int batch) {
    return make_network(benchmarks().front(), build(benchmarks().front()).value(), batch, *engine_)
        .value();
  }
  static void SetUpTestSuite() {
    engine_ = engine::make_openvino_engine();
    pair_ = std::make_unique<Pair>(modelled_pair(*engine_, {1}).value());
    one_ = std::make_unique<Network>(network(1));
  }
  static void TearDownTestSuite() {
    one_.reset();
    pair_.reset();
    engine_.reset();
  }

  static PlanRow ask(const Question& question) {
    return answer(*pair_, *one_, pair_->costs(*one_).value(), question).value();
  }

  static std::unique_ptr<engine::Engine> engine_;
  static std::unique_ptr<Pair> pair_;
  static std::unique_ptr<Network> one_;
};

std::unique_ptr<engine::Engine> AlexNet::engine_;
std::unique_ptr<Pair> AlexNet::pair_;
std::unique_ptr<Network> AlexNet::one_;

TEST_F(AlexNet, TakesOnTheServerWhatTheThesisSays) {
  const Costs costs = pair_->costs(*one_).value();
  EXPECT_NEAR(costs.cloud.whole_ms, kAlexNetOnServerMs, 1e-9);
  EXPECT_GT(costs.device.whole_ms, 3 * costs.cloud.whole_ms);
  const std::size_t layers = costs.device.layers();
  for (std::size_t k = 0; k <= layers; ++k) {
    EXPECT_NEAR(costs.device.head[k]->median_ms + costs.device.tail[k]->median_ms,
                costs.device.whole_ms, 1e-9);
    EXPECT_EQ(costs.device.head[k]->interpolated(), k > 0) << "nothing was measured";
  }
}

// 2.4.1: 99 %, 93 % and 81 % of cloud-only's time are communication. The second and the third set
// the model's one free number, the first is its check.
TEST_F(AlexNet, CloudOnlyIsMostlyCommunication) {
  for (const auto& [link, percent] : {std::pair{"3g", 99}, {"4g", 93}, {"wifi", 81}}) {
    const Breakdown b = ask({link, Objective::kLatency}).cloud_only;
    EXPECT_EQ(std::lround(100 * b.transfer_ms / b.latency_ms()), percent) << link;
    EXPECT_EQ(b.device_ms, 0);
  }
}

// Figure 2.11: inference runs first on the mobile and then in the cloud, training comes back.
TEST_F(AlexNet, SchedulesHaveTheThesissPattern) {
  const PlanRow inference = ask({"wifi", Objective::kLatency, std::nullopt, 1, 0.5});
  ASSERT_EQ(inference.sides.size(), one_->model.layers().size());
  EXPECT_EQ(inference.sides.front(), Side::kDevice);
  EXPECT_EQ(inference.sides.back(), Side::kCloud);
  EXPECT_TRUE(std::ranges::is_sorted(inference.sides));

  const PlanRow training = ask({"wifi", Objective::kLatency, 1.0, 1, 0.5});
  ASSERT_EQ(training.sides.size(), 2 * one_->model.layers().size());
  EXPECT_EQ(training.sides.front(), Side::kDevice);
  EXPECT_EQ(training.sides.back(), Side::kDevice);
  EXPECT_GT(std::ranges::count(training.sides, Side::kCloud), 0);
}

TEST_F(AlexNet, PlansAreNeverWorseThanOnePlaceAlone) {
  for (const char* link : {"3g", "4g", "wifi"})
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy})
      for (const std::optional<double> updated : {std::optional<double>(), {0.0}, {0.1}, {1.0}}) {
        const PlanRow row = ask({link, objective, updated});
        EXPECT_GE(row.improvement_percent(), -1e-9) << link;
        EXPECT_LE(row.workload_reduction_percent(), 100) << link;
        EXPECT_TRUE(row.exact);
      }
}

TEST_F(AlexNet, QuestionsChangeWhatTheyName) {
  const Question plain{"4g", Objective::kLatency};
  const PlanRow row = ask(plain);
  Question half = plain;
  half.speed = 0.5;
  EXPECT_NEAR(ask(half).device_only.device_ms, 2 * row.device_only.device_ms, 1e-9);
  EXPECT_NEAR(ask(half).cloud_only.cloud_ms, 2 * row.cloud_only.cloud_ms, 1e-9);
  EXPECT_NEAR(ask(half).cloud_only.transfer_ms, row.cloud_only.transfer_ms, 1e-9);
  Question smaller = plain;
  smaller.compression = 4;
  EXPECT_NEAR(ask(smaller).cloud_only.transfer_ms, row.cloud_only.transfer_ms / 4, 1e-9);
  // A picture of 8 bits up, 1000 numbers down.
  const Link link = parse_link("4g").value();
  EXPECT_NEAR(row.cloud_only.transfer_ms, link.up_ms(3 * 224 * 224) + link.down_ms(1000), 1e-9);
}

// 2.4: computing grows at a much lower rate than communication, which grows with the batch.
TEST_F(AlexNet, BatchesShareTheWeights) {
  const Network four = network(4);
  const Costs costs = pair_->costs(four).value();
  const PlanRow many = answer(*pair_, four, costs, {"wifi", Objective::kLatency}).value();
  const PlanRow one = ask({"wifi", Objective::kLatency});
  EXPECT_NEAR(many.cloud_only.transfer_ms, 4 * one.cloud_only.transfer_ms, 1e-9);
  EXPECT_LT(many.device_only.device_ms, 3 * one.device_only.device_ms);
  EXPECT_GT(many.device_only.device_ms, one.device_only.device_ms);
}

/// Names of figures.
bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

JointDnnOptions small(const std::filesystem::path& out) {
  JointDnnOptions options;
  options.out = out;
  options.networks = {"Chair"};
  options.batches = {1, 2};
  options.measured_batches = {};
  return options;
}

TEST(JointDnn, WritesPlansAndFigures) {
  const TemporaryFolder folder;
  const auto engine = engine::make_openvino_engine();
  SteadyClock clock;
  const auto result = reproduce_jointdnn(small(folder.path() / "new"), *engine, clock);
  ASSERT_TRUE(result) << result.error().to_string();
  const std::string plans = read_file(folder.path() / "new" / "plans.csv").value();
  // Two batches of 12 plans, and for single inputs 10 shares, 12 of larger and smaller values, 2 at
  // half speed.
  EXPECT_EQ(std::ranges::count(plans, '\n'), 1 + 2 * 12 + 10 + 12 + 2);
  EXPECT_TRUE(holds(result->figures, "figure_2_8_modelled"));
  EXPECT_FALSE(holds(result->figures, "figure_2_12_modelled")) << "of AlexNet";
  for (const std::string& name : result->figures)
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "new" / (name + ".csv"))) << name;
  const auto claim =
      std::ranges::find(result->claims, "inference: largest improvement of latency", &Claim::what);
  ASSERT_NE(claim, result->claims.end());
  EXPECT_EQ(claim->theirs, "66%");
  EXPECT_NE(claim->modelled, "-");
  EXPECT_EQ(claim->measured, "-");
  EXPECT_GE(result->left_out.size(), 2u) << "figures 2.3, 2.13 and 2.14";
}

/// Lines of a figure's CSV that hold a text.
std::vector<std::string> lines_with(const std::filesystem::path& csv, std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in(read_file(csv).value());
  for (std::string line; std::getline(in, line);)
    if (line.find(text) != std::string::npos) lines.push_back(line);
  return lines;
}

TEST(JointDnn, FiguresShowTheRightPlans) {
  const TemporaryFolder folder;
  const auto engine = engine::make_openvino_engine();
  SteadyClock clock;
  JointDnnOptions options = small(folder.path());
  options.batches = {2, 1};
  ASSERT_TRUE(reproduce_jointdnn(options, *engine, clock));
  // A line for each link and objective, a point for each batch.
  EXPECT_EQ(lines_with(folder.path() / "figure_2_8_modelled.csv", "Chair").size(), 2u * 3 * 2);
  const auto shares = lines_with(folder.path() / "figure_2_10_modelled.csv", "% of the weights");
  ASSERT_EQ(shares.size(), 11u);
  EXPECT_NE(shares.front().find("Chair,0,"), std::string::npos) << shares.front();
  EXPECT_NE(shares.back().find("Chair,100,"), std::string::npos) << shares.back();
  // 8 bits of one input, whatever batch came first: 809 + 4 + 12 numbers.
  const auto data = lines_with(folder.path() / "figure_2_2.csv", ",data,");
  ASSERT_EQ(data.size(), 1u);
  EXPECT_TRUE(data.front().ends_with(",0.825")) << data.front();
}

TEST(JointDnn, WhatIsMissingIsLeftOutAndSaid) {
  const TemporaryFolder folder;
  const auto engine = engine::make_openvino_engine();
  SteadyClock clock;
  JointDnnOptions options = small(folder.path() / "out");
  options.batches = {2};
  options.data = folder.path();
  const auto result = reproduce_jointdnn(options, *engine, clock);
  ASSERT_TRUE(result) << result.error().to_string();
  const auto says = [&](std::string_view what) {
    return std::ranges::any_of(result->left_out, [&](const std::string& line) {
      return line.find(what) != std::string::npos;
    });
  };
  EXPECT_TRUE(says("photos")) << "figures 2.13 and 2.14";
  EXPECT_TRUE(says("figure_2_11_modelled")) << "of single inputs";
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "out" / "claims.csv"));

  ASSERT_TRUE(write_file(folder.path() / "file", "x"));
  options.out = folder.path() / "file";
  EXPECT_EQ(reproduce_jointdnn(options, *engine, clock).error().code, ErrorCode::kIo);
}

TEST(JointDnn, UnknownNetworkListsTheKnownOnes) {
  const TemporaryFolder folder;
  JointDnnOptions options = small(folder.path());
  options.networks = {"Chairs"};
  const auto engine = engine::make_openvino_engine();
  SteadyClock clock;
  const auto result = reproduce_jointdnn(options, *engine, clock);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(result.error().message.find("Pix2Pix"), std::string::npos) << result.error().message;
}

TEST(Png, MakesTrainedLayersSmaller) {
  const char* folder = std::getenv("CLEAVE_DATA");
  if (folder == nullptr) GTEST_SKIP() << "CLEAVE_DATA not found";
  const auto engine = engine::make_openvino_engine();
  const PngStudy png = study_png(folder, *engine).value();
  EXPECT_GT(png.average, 1);
  EXPECT_GT(png.largest, png.average);
  EXPECT_LE(png.most_zeros_percent, 100);
  EXPECT_LT(png.least_zeros_percent, png.most_zeros_percent);
  EXPECT_EQ(png.figure.panels.size(), 4u);
  EXPECT_TRUE(cleave::data::decode_image(as_bytes(png.mosaic)));
}

TEST(Png, WithoutPhotosSaysSo) {
  const TemporaryFolder folder;
  const auto engine = engine::make_openvino_engine();
  const auto png = study_png(folder.path(), *engine);
  ASSERT_FALSE(png);
  EXPECT_EQ(png.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cleave::reproduce
