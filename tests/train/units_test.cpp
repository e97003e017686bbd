#include "train/units.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "engine/openvino_engine.h"
#include "engine/type_inference.h"
#include "train/codec_layer.h"
#include "train/onnx_module.h"
#include "zoo/zoo.h"

namespace cleave::train {
namespace {

graph::Model tiny() { return graph::Model::parse(zoo::build("tiny", 1).value()).value(); }

/// The first cut through one picture of more than one channel, behind the first layer.
const graph::Cut& picture_cut(const graph::Model& model) {
  for (const graph::Cut& cut : model.cuts())
    if (cut.single() && cut.values[0].shape.size() == 4 && cut.head_macs > 0) return cut;
  throw std::logic_error("no such cut");
}

TensorSpec crossing(const UnitNetwork& network) {
  const auto openvino = engine::make_openvino_engine();
  graph::LoadOptions options;
  options.infer = engine::type_inference(*openvino);
  const auto model = graph::Model::parse(network.onnx_bytes, options).value();
  const graph::Cut* cut = model.find_cut(network.code).value();
  EXPECT_TRUE(cut->single());
  return cut->values[0];
}

TEST(Units, AButterflyKeepsPixelsAndNarrowsChannels) {
  const graph::Model model = tiny();
  const graph::Cut& cut = picture_cut(model);
  const auto network = insert_unit(model, cut, "butterfly:channels=3").value();
  EXPECT_EQ(network.unit, "butterfly:channels=3");
  Shape expected = cut.values[0].shape;
  expected[1] = 3;
  EXPECT_EQ(crossing(network).shape, expected);
}

TEST(Units, ABottleneckOfAnyStrideGivesTheSizeBack) {
  const graph::Model model = tiny();
  const graph::Cut& cut = picture_cut(model);
  for (const int stride : {1, 2, 3, 4, 5}) {
    SCOPED_TRACE(stride);
    const auto network =
        insert_unit(model, cut, "bottleneck:channels=2,stride=" + std::to_string(stride)).value();
    const Shape& whole = cut.values[0].shape;
    const Shape expected{1, 2, (whole[2] + stride - 1) / stride, (whole[3] + stride - 1) / stride};
    EXPECT_EQ(crossing(network).shape, expected);
    const auto unit_model = graph::Model::parse(network.onnx_bytes).value();
    EXPECT_EQ(unit_model.value(network.restored)->shape, whole);
  }
}

TEST(Units, TheFilterIsAboveTheStride) {
  const graph::Model model = tiny();
  const auto narrow =
      insert_unit(model, picture_cut(model), "bottleneck:channels=2,stride=4,filter=4");
  ASSERT_FALSE(narrow);
  EXPECT_NE(narrow.error().message.find("filter"), std::string::npos) << narrow.error().message;
}

TEST(Units, WrongUsesAreNamed) {
  const graph::Model model = tiny();
  const graph::Cut& cut = picture_cut(model);
  EXPECT_EQ(insert_unit(model, cut, "moth").error().message,
            "unknown unit 'moth', expected one of butterfly, bottleneck");
  EXPECT_FALSE(insert_unit(model, cut, "butterfly:channels=100000"));
  EXPECT_FALSE(insert_unit(model, cut, "butterfly:stride=2"));
  const auto once = insert_unit(model, cut, "butterfly:channels=2").value();
  const auto again = graph::Model::parse(once.onnx_bytes).value();
  const auto twice =
      insert_unit(again, *again.find_cut(cut.values[0].name).value(), "butterfly:channels=2");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("this cut has a unit"), std::string::npos);
}

TEST(Units, TheSameSeedDrawsTheSameWeights) {
  const graph::Model model = tiny();
  const graph::Cut& cut = picture_cut(model);
  const auto one = insert_unit(model, cut, "butterfly:channels=2", 7).value();
  EXPECT_EQ(one.onnx_bytes, insert_unit(model, cut, "butterfly:channels=2", 7).value().onnx_bytes);
  EXPECT_NE(one.onnx_bytes, insert_unit(model, cut, "butterfly:channels=2", 8).value().onnx_bytes);
}

TEST(CodecLayer, DecodesForwardAndIsTheIdentityBackward) {
  CodecLayer layer = CodecLayer::create("quant:bits=2").value();
  torch::manual_seed(1);
  const torch::Tensor x = torch::randn({3, 2, 4, 4}).set_requires_grad(true);
  const torch::Tensor y = layer.forward(x).value();
  EXPECT_FALSE(y.equal(x)) << "two bits are coarse";
  EXPECT_LE(std::get<0>(at::_unique(y[0].detach())).numel(), 4);
  EXPECT_LT((y - x).abs().max().item<float>(), 2.0F);
  const torch::Tensor weights = torch::randn_like(x);
  (y * weights).sum().backward();
  EXPECT_TRUE(x.grad().equal(weights));
  EXPECT_GT(layer.take_mean_bytes(), 8) << "32 values of 2 bits";
  EXPECT_EQ(layer.take_mean_bytes(), 0);
}

}  // namespace
}  // namespace cleave::train
