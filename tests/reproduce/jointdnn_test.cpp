#include "reproduce/jointdnn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/folder.h"
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
    if (k > 0) EXPECT_TRUE(costs.device.head[k]->interpolated()) << "nothing was measured";
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
  EXPECT_TRUE(std::ranges::contains(training.sides, Side::kCloud));
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
  // Two batches of 12 plans, and for single inputs 10 shares, 6 of smaller values, 2 at half speed.
  EXPECT_EQ(std::ranges::count(plans, '\n'), 1 + 2 * 12 + 10 + 6 + 2);
  EXPECT_TRUE(std::ranges::contains(result->figures, "figure_2_8_modelled"));
  EXPECT_FALSE(std::ranges::contains(result->figures, "figure_2_12_modelled")) << "of AlexNet";
  for (const std::string& name : result->figures)
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "new" / (name + ".csv"))) << name;
  const auto claim = std::ranges::find(
      result->claims, "inference: largest improvement of latency", &Claim::what);
  ASSERT_NE(claim, result->claims.end());
  EXPECT_EQ(claim->thesis, "66%");
  EXPECT_NE(claim->modelled, "-");
  EXPECT_EQ(claim->measured, "-");
  EXPECT_GE(result->left_out.size(), 2u) << "figures 2.3, 2.13 and 2.14";
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
  const char* data = std::getenv("CLEAVE_DATA");
  if (data == nullptr) GTEST_SKIP() << "CLEAVE_DATA not found";
  const auto engine = engine::make_openvino_engine();
  const PngStudy png = study_png(data, *engine).value();
  EXPECT_GT(png.average, 1);
  EXPECT_GT(png.largest, png.average);
  EXPECT_LE(png.most_zeros_percent, 100);
  EXPECT_LT(png.least_zeros_percent, png.most_zeros_percent);
  EXPECT_EQ(png.figure.panels.size(), 4u);
  EXPECT_TRUE(data::decode_image(as_bytes(png.mosaic)));
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
