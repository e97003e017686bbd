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

/// Blurred noise: 8×8 made 64×64.
PictureStore pictures() {
  data::Dataset::Parts parts;
  parts.size = kPictures;
  parts.classes = {"one"};
  parts.labels.assign(kPictures, 0);
  parts.picture = [](std::size_t i) -> Result<data::Image> {
    Random random(i + 1);
    data::Image image(8, 8);
    for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(random.below(256));
    return image;
  };
  const data::Dataset set(std::move(parts));
  return PictureStore::load(set, data::in_order(kPictures),
                            data::Preprocess::parse("image:size=64").value())
      .value();
}

struct Fitted {
  UnitNetwork network;
  std::shared_ptr<OnnxModule> module;
  PictureStore store = pictures();

  explicit Fitted(const std::string& unit, const std::string& value = "pool1") {
    const auto model = graph::Model::parse(zoo::build("tiny", 1).value()).value();
    network = insert_unit(model, *model.find_cut(value).value(), unit).value();
    module = OnnxModule::create(graph::Model::parse(network.onnx_bytes).value()).value();
  }

  /// The share of the cut's value, apart from its mean, that the unit does not restore.
  double lost() {
    const torch::NoGradGuard no_grad;
    torch::Tensor before;
    torch::Tensor after;
    const auto keep = [&](const std::string& value, torch::Tensor& place) {
      EXPECT_TRUE(module->set_transform(value, [&place](const torch::Tensor& x) {
        place = x;
        return Result<torch::Tensor>(x);
      }));
    };
    keep(network.value, before);
    keep(network.restored, after);
    BatchLoader loader(store, data::in_order(kPictures), kPictures, {}, 0, false);
    EXPECT_TRUE(module->forward(std::array{loader.next()->pictures}));
    const torch::Tensor mean = before.mean(at::IntArrayRef{0, 2, 3}, true);
    return ((after - before).square().sum() / (before - mean).square().sum()).item<double>();
  }
};

TEST(UnitFit, AllChannelsRestoreNearlyAll) {
  Fitted all("butterfly:channels=32");
  EXPECT_GT(all.lost(), 0.5) << "drawn weights restore nothing";
  ASSERT_TRUE(fit_unit(all.network, all.store, *all.module));
  EXPECT_LT(all.lost(), 0.01) << "what ReLUs cut off";
}

TEST(UnitFit, MoreChannelsRestoreMore) {
  std::vector<double> lost;
  for (const char* unit :
       {"butterfly:channels=16", "butterfly:channels=4", "butterfly:channels=1"}) {
    Fitted fitted(unit);
    ASSERT_TRUE(fit_unit(fitted.network, fitted.store, *fitted.module));
    lost.push_back(fitted.lost());
  }
  EXPECT_TRUE(std::ranges::is_sorted(lost)) << testing::PrintToString(lost);
  EXPECT_LT(lost.back(), 1) << "the mean alone loses 1";
}

TEST(UnitFit, SmallerStridesRestoreMore) {
  std::vector<double> lost;
  for (const char* stride : {"1", "2", "3", "4"}) {
    Fitted fitted("bottleneck:channels=32,stride=" + std::string(stride));
    ASSERT_TRUE(fit_unit(fitted.network, fitted.store, *fitted.module));
    lost.push_back(fitted.lost());
  }
  EXPECT_TRUE(std::ranges::is_sorted(lost)) << testing::PrintToString(lost);
  EXPECT_LT(lost.back(), 0.95) << "the mean alone loses 1";
}

TEST(UnitFit, TrainingBeginsWhereEvaluationIs) {
  Fitted fitted("bottleneck:channels=4,stride=2");
  ASSERT_TRUE(fit_unit(fitted.network, fitted.store, *fitted.module));
  const double evaluated = fitted.lost();
  fitted.module->train();
  EXPECT_NEAR(fitted.lost(), evaluated, 1e-4);
}

TEST(UnitFit, TheUnitMayReadTheNetworksInput) {
  graph::Builder builder;
  builder.input("x", {1, 3, 64, 64}).weight("w", {4, 3, 3, 3});
  builder.node("Relu", {"x"}, {"early"}).output("early");
  builder.node("Conv", {"x", "w"}, {"late"}).output("late");
  const auto model = graph::Model::parse(builder.bytes()).value();
  const auto network = insert_unit(model, *model.find_cut("1").value(), "butterfly").value();
  ASSERT_EQ(network.value, "x");
  const auto module = OnnxModule::create(graph::Model::parse(network.onnx_bytes).value()).value();
  EXPECT_TRUE(fit_unit(network, pictures(), *module));
}

}  // namespace
}  // namespace cleave::train
