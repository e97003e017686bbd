#include "train/unit_fit.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "base/random.h"
#include "data/subset.h"
#include "graph/builder.h"
#include "zoo/zoo.h"

namespace cleave::train {
namespace {

constexpr std::size_t kPictures = 32;

/// Blurred noise: 8×8 made larger.
PictureStore pictures(int size, std::size_t count = kPictures) {
  data::Dataset::Parts parts;
  parts.size = count;
  parts.classes = {"one"};
  parts.labels.assign(count, 0);
  parts.picture = [](std::size_t i) -> Result<data::Image> {
    Random random(i + 1);
    data::Image image(8, 8);
    for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(random.below(256));
    return image;
  };
  const data::Dataset set(std::move(parts));
  const auto preprocess = data::Preprocess::parse("image:size=" + std::to_string(size));
  return PictureStore::load(set, data::in_order(count), preprocess.value()).value();
}

graph::Model tiny() { return graph::Model::parse(zoo::build("tiny", 1).value()).value(); }

/// Eight channels that may be negative, of 17×17; of the last two one is 0 and one constant.
graph::Model signed_channels() {
  graph::Builder builder;
  builder.input("x", {1, 3, 17, 17})
      .weight("w", {8, 3, 1, 1})
      .weight("b", {8})
      .weight("v", {2, 8, 17, 17});
  auto* weights = builder.graph().mutable_initializer();
  Random random(7);
  for (float& value : *weights->Mutable(0)->mutable_float_data())
    value = static_cast<float>(random.normal());
  for (int i = 18; i < 24; ++i) weights->Mutable(0)->set_float_data(i, 0);
  for (int i = 0; i < 8; ++i)
    weights->Mutable(1)->set_float_data(i, i == 6 ? 0.0F : i == 7 ? 2.0F : -0.5F);
  builder.node("Conv", {"x", "w", "b"}, {"c"}).node("Conv", {"c", "v"}, {"y"}).output("y");
  return graph::Model::parse(builder.bytes()).value();
}

struct Fitted {
  PictureStore store;
  UnitNetwork network;
  std::optional<graph::Model> model;
  std::shared_ptr<OnnxModule> module;

  explicit Fitted(const std::string& unit) : Fitted(tiny(), "pool1", unit, pictures(64)) {}
  Fitted(const graph::Model& uncut, const std::string& value, const std::string& unit,
         PictureStore seen)
      : store(std::move(seen)) {
    network = insert_unit(uncut, *uncut.find_cut(value).value(), unit).value();
    model.emplace(graph::Model::parse(network.onnx_bytes).value());
    module = OnnxModule::create(*model).value();
  }

  bool fit() const { return fit_unit(*model, network, store, *module).has_value(); }

  /// The share of the cut's value, apart from its mean, that the unit does not restore.
  double lost() const {
    const torch::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> seen;
    for (const std::string& value : {network.value, network.restored})
      EXPECT_TRUE(module->set_transform(value, [&seen, value](const torch::Tensor& x) {
        seen[value] = x;
        return Result<torch::Tensor>(x);
      }));
    BatchLoader loader(store, data::in_order(store.size()), store.size(), {}, 0, false);
    EXPECT_TRUE(module->forward(std::array{loader.next()->pictures}));
    for (const std::string& value : {network.value, network.restored})
      EXPECT_TRUE(module->set_transform(value, nullptr));
    const torch::Tensor& x = seen[network.value];
    const torch::Tensor mean = x.mean(at::IntArrayRef{0, 2, 3}, true);
    return ((seen[network.restored] - x).square().sum() / (x - mean).square().sum()).item<double>();
  }
};

TEST(UnitFit, AllChannelsRestoreNearlyAll) {
  const Fitted all("butterfly:channels=32");
  EXPECT_GT(all.lost(), 0.5) << "drawn weights restore nothing";
  ASSERT_TRUE(all.fit());
  EXPECT_LT(all.lost(), 0.01) << "what ReLUs cut off";
}

TEST(UnitFit, MoreChannelsRestoreMore) {
  std::vector<double> lost;
  for (const char* unit :
       {"butterfly:channels=16", "butterfly:channels=4", "butterfly:channels=1"}) {
    const Fitted fitted(unit);
    ASSERT_TRUE(fitted.fit());
    lost.push_back(fitted.lost());
  }
  EXPECT_TRUE(std::ranges::is_sorted(lost)) << testing::PrintToString(lost);
  EXPECT_LT(lost.back(), 1) << "the mean alone loses 1";
}

TEST(UnitFit, SmallerStridesRestoreMore) {
  std::vector<double> lost;
  for (const char* stride : {"1", "2", "3", "4"}) {
    const Fitted fitted("bottleneck:channels=32,stride=" + std::string(stride));
    ASSERT_TRUE(fitted.fit());
    lost.push_back(fitted.lost());
  }
  EXPECT_TRUE(std::ranges::is_sorted(lost)) << testing::PrintToString(lost);
  EXPECT_LT(lost.back(), 0.9) << "the mean alone loses 1";
}

TEST(UnitFit, ValuesMayBeNegativeAndChannelsDead) {
  for (const char* unit :
       {"butterfly:channels=8,last=linear", "butterfly:channels=3,last=linear"}) {
    const Fitted fitted(signed_channels(), "c", unit, pictures(17));
    ASSERT_TRUE(fitted.fit());
    EXPECT_LT(fitted.lost(), 0.01) << unit << ": three colours span all that varies";
  }
  for (const char* stride : {"2", "2,filter=4", "4", "3"}) {
    const Fitted fitted(signed_channels(), "c",
                        "bottleneck:channels=8,last=linear,stride=" + std::string(stride),
                        pictures(17));
    ASSERT_TRUE(fitted.fit());
    EXPECT_LT(fitted.lost(), 0.8) << stride;
  }
}

TEST(UnitFit, OnePictureIsEnough) {
  const Fitted fitted(tiny(), "pool1", "bottleneck:channels=32,stride=2", pictures(64, 1));
  ASSERT_TRUE(fitted.fit());
  EXPECT_LT(fitted.lost(), 0.9);
  for (const auto& parameter : fitted.module->parameters())
    EXPECT_TRUE(parameter.isfinite().all().item<bool>());
}

TEST(UnitFit, TrainingBeginsWhereEvaluationIs) {
  const Fitted fitted("bottleneck:channels=4,stride=2");
  ASSERT_TRUE(fitted.fit());
  const double evaluated = fitted.lost();
  fitted.module->train();
  EXPECT_NEAR(fitted.lost(), evaluated, 1e-4);
}

TEST(UnitFit, WeightsAreAsLargeAsDrawnOnes) {
  const Fitted fitted("bottleneck:channels=4,stride=2");
  ASSERT_TRUE(fitted.fit());
  for (const auto& parameter : fitted.module->named_parameters()) {
    if (parameter.value().dim() != 4 || !parameter.key().starts_with(fitted.network.value + "/r"))
      continue;
    const torch::Tensor rows = parameter.value().flatten(1).norm(2, 1);
    EXPECT_LT((rows - std::sqrt(2.0)).abs().max().item<double>(), 1e-4) << parameter.key();
  }
}

TEST(UnitFit, TheUnitMayReadTheNetworksInput) {
  graph::Builder builder;
  builder.input("x", {1, 3, 64, 64}).weight("w", {4, 3, 3, 3});
  builder.node("Relu", {"x"}, {"early"}).output("early");
  builder.node("Conv", {"x", "w"}, {"late"}).output("late");
  const auto model = graph::Model::parse(builder.bytes()).value();
  const Fitted fitted(model, "1", "butterfly", pictures(64));
  ASSERT_EQ(fitted.network.value, "x");
  EXPECT_TRUE(fitted.fit());
}

}  // namespace
}  // namespace cleave::train
