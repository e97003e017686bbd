#include "reproduce/split_layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "base/folder.h"
#include "data/preprocess.h"
#include "data/y4m.h"
#include "engine/openvino_engine.h"

namespace cleave::reproduce {
namespace {

TEST(SplitLayers, PicturesChangeAsSaid) {
  data::Image image(3, 1);
  image.rgb = {10, 20, 30, 40, 50, 60, 100, 200, 250};
  EXPECT_EQ(moved_right(image, 1).rgb,
            (std::vector<std::uint8_t>{10, 20, 30, 10, 20, 30, 40, 50, 60}));
  EXPECT_EQ(moved_right(image, 0), image);
  EXPECT_EQ(brighter(image, 1.05).rgb,
            (std::vector<std::uint8_t>{11, 21, 32, 42, 53, 63, 105, 210, 255}));
}

/// How much the network's input changes from frame to frame, by another way.
double input_change_percent(const std::filesystem::path& film_path) {
  const std::string bytes = read_file(film_path).value();
  const data::Preprocess preprocess =
      data::Preprocess::parse("image:size=32,mean=imagenet").value();
  data::Y4m film = data::Y4m::parse(as_bytes(bytes)).value();
  std::vector<Tensor> inputs;
  while (const auto frame = film.next().value()) inputs.push_back(preprocess.apply(*frame));
  double sum = 0;
  for (std::size_t t = 1; t < inputs.size(); ++t) {
    const auto now = inputs[t].as<float>();
    const auto before = inputs[t - 1].as<float>();
    double difference = 0;
    double norm = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      difference += std::pow(now[i] - before[i], 2);
      norm += std::pow(now[i], 2);
    }
    sum += std::sqrt(difference) / std::sqrt(norm);
  }
  return 100 * sum / static_cast<double>(inputs.size() - 1);
}

TEST(SplitLayers, ATrainedNetworkIsLookedAtCutByCut) {
  const char* folder = std::getenv("CLEAVE_DATA");
  if (folder == nullptr) GTEST_SKIP() << "CLEAVE_DATA not found";
  const auto engine = engine::make_openvino_engine();
  const auto layers = study_split_layers(folder, kResNet56, *engine).value();
  const SplitLayer& input = layers.front();
  EXPECT_EQ(input.cut, 0);
  EXPECT_EQ(input.bytes, 3 * 32 * 32);
  EXPECT_EQ(input.macs_before_percent, 0);
  const std::filesystem::path film =
      std::filesystem::path(folder) / "video" / "newtonscradle_200x150_420jpeg.y4m";
  EXPECT_NEAR(input.change_percent[0], input_change_percent(film), 1e-3);
  for (const SplitLayer& layer : layers) {
    EXPECT_GE(layer.macs_before_percent, 0);
    EXPECT_LE(layer.macs_before_percent, 100);
    for (const double percent : layer.change_percent) EXPECT_GT(percent, 0) << layer.layer;
    EXPECT_LT(layer.change_percent[1], layer.change_percent[2]) << "1 pixel, 4 pixels";
  }
  // The first rectifier's zeros are what coding lives on.
  const auto first = std::ranges::find(layers, "Relu_3", &SplitLayer::layer);
  ASSERT_NE(first, layers.end());
  EXPECT_EQ(first->bytes, 16 * 32 * 32);
  EXPECT_GT(first->png_ratio, 1.5);

  const Figure figure = split_layers_figure(layers);
  EXPECT_EQ(figure.panels.size(), 4u);
  for (const Panel& panel : figure.panels)
    for (const Series& series : panel.series) EXPECT_EQ(series.values.size(), panel.points.size());
  const std::string csv = split_layers_csv(layers);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(csv, '\n')), 1 + layers.size());
}

TEST(SplitLayers, WithoutPhotosSaysSo) {
  const TemporaryFolder folder;
  const auto engine = engine::make_openvino_engine();
  const auto layers = study_split_layers(folder.path(), kResNet56, *engine);
  ASSERT_FALSE(layers);
  EXPECT_EQ(layers.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cleave::reproduce
