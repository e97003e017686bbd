#include "train/onnx_module.h"

#include <gtest/gtest.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include "graph/builder.h"
#include "train/tensors.h"

namespace cleave::train {
namespace {

using graph::Builder;
using Modules = std::shared_ptr<OnnxModule>;

graph::Model model_of(const Builder& builder) {
  return graph::Model::parse(builder.bytes()).value();
}

/// A convolution, its batch norm and a ReLU, the convolution without or with a bias.
Builder conv_and_norm(bool bias) {
  Builder builder;
  builder.input("x", {1, 2, 6, 6}).weight("w.0", {4, 2, 3, 3}).weight("b", {4});
  for (const char* name : {"scale", "shift", "mean", "variance"}) builder.weight(name, {4});
  builder.node("Conv", bias ? graph::Names{"x", "w.0", "b"} : graph::Names{"x", "w.0"}, {"c"})
      .node("BatchNormalization", {"c", "scale", "shift", "mean", "variance"}, {"n"})
      .node("Relu", {"n"}, {"y"})
      .output("y");
  return builder;
}

/// Every parameter and statistic drawn anew.
void draw(OnnxModule& module) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  for (torch::Tensor& parameter : module.parameters()) parameter.uniform_(-1, 1);
  for (torch::Tensor& buffer : module.buffers()) buffer.uniform_(0.5, 1.5);
}

torch::Tensor run(const OnnxModule& module, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  return module.forward(std::array{x}).value().at(0);
}

/// What a network written to ONNX is as a module.
Modules written(const OnnxModule& module, const ExportOptions& options = {}) {
  const auto model = graph::Model::parse(module.to_onnx(options).value()).value();
  return OnnxModule::create(model).value();
}

TEST(OnnxModule, WeightsAreParametersAndStatisticsAreBuffers) {
  const Modules module = OnnxModule::create(model_of(conv_and_norm(true))).value();
  std::vector<std::string> names;
  for (const auto& parameter : module->named_parameters()) names.push_back(parameter.key());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"b", "scale", "shift", "w/0"}));
  EXPECT_EQ(module->named_buffers().keys().size(), 2U);
  for (const torch::Tensor& parameter : module->parameters())
    EXPECT_TRUE(parameter.requires_grad());
}

TEST(OnnxModule, AScalarIsASettingAndAVectorAWeight) {
  Builder builder;
  builder.input("x", {2, 3}).weight("half", {}).weight("bias", {3});
  builder.node("Mul", {"x", "half"}, {"h"}).node("Add", {"h", "bias"}, {"y"}).output("y");
  const Modules module = OnnxModule::create(model_of(builder)).value();
  ASSERT_EQ(module->parameters().size(), 1U);
  EXPECT_EQ(module->named_parameters()[0].key(), "bias");
}

TEST(OnnxModule, TrainingModeLearnsStatistics) {
  const Modules module = OnnxModule::create(model_of(conv_and_norm(false))).value();
  draw(*module);
  const torch::Tensor x = torch::randn({8, 2, 6, 6});
  const torch::Tensor before = run(*module, x);
  EXPECT_TRUE(run(*module, x).equal(before));
  module->train();
  const torch::Tensor normed = run(*module, x);
  module->eval();
  EXPECT_FALSE(normed.equal(before));
  EXPECT_FALSE(run(*module, x).equal(before)) << "the running statistics have moved";
}

TEST(OnnxModule, AStepDownhillIsWrittenToOnnx) {
  const Modules module = OnnxModule::create(model_of(conv_and_norm(true))).value();
  draw(*module);
  const torch::Tensor x = torch::randn({8, 2, 6, 6});
  torch::optim::SGD optimizer(module->parameters(), 0.01);
  module->train();
  const auto loss = [&] { return module->forward(std::array{x}).value().at(0).square().mean(); };
  const torch::Tensor first = loss();
  first.backward();
  optimizer.step();
  EXPECT_LT(loss().item<float>(), first.item<float>());
  module->eval();
  EXPECT_TRUE(run(*written(*module), x).equal(run(*module, x)));
}

TEST(OnnxModule, WhatWasSaidOfTheWeightsIsNotRepeated) {
  onnx::ModelProto record;
  ASSERT_TRUE(record.ParseFromString(conv_and_norm(false).bytes()));
  record.set_doc_string("not trained");
  const auto model = graph::Model::parse(record.SerializeAsString()).value();
  const std::string bytes = OnnxModule::create(model).value()->to_onnx().value();
  ASSERT_TRUE(record.ParseFromString(bytes));
  EXPECT_EQ(record.doc_string(), "");
}

TEST(OnnxModule, BatchNormsAreFolded) {
  for (const bool bias : {false, true}) {
    const Modules module = OnnxModule::create(model_of(conv_and_norm(bias))).value();
    draw(*module);
    const auto model =
        graph::Model::parse(module->to_onnx({.fold_batch_norms = true}).value()).value();
    ASSERT_EQ(model.layers().size(), 1U);
    EXPECT_EQ(model.layers()[0].op, "Conv+Relu");
    const torch::Tensor x = torch::randn({2, 2, 6, 6});
    const Modules folded = OnnxModule::create(model).value();
    EXPECT_TRUE(torch::allclose(run(*folded, x), run(*module, x), 1e-4, 1e-5));
  }
}

TEST(OnnxModule, BatchNormsAreFoldedIntoTransposedConvolutionsOfGroups) {
  Builder builder;
  builder.input("x", {1, 4, 5, 5}).weight("w", {4, 3, 3, 3});
  for (const char* name : {"scale", "shift", "mean", "variance"}) builder.weight(name, {6});
  builder.node("ConvTranspose", {"x", "w"}, {"c"}, {graph::integer("group", 2)})
      .node("BatchNormalization", {"c", "scale", "shift", "mean", "variance"}, {"y"})
      .output("y");
  const Modules module = OnnxModule::create(model_of(builder)).value();
  draw(*module);
  const Modules folded = written(*module, {.fold_batch_norms = true});
  EXPECT_EQ(folded->parameters().size(), 2U) << "weight and bias";
  const torch::Tensor x = torch::randn({2, 4, 5, 5});
  EXPECT_TRUE(torch::allclose(run(*folded, x), run(*module, x), 1e-4, 1e-5));
}

TEST(OnnxModule, AConvolutionThatIsReadElsewhereKeepsItsBatchNorm) {
  Builder builder = conv_and_norm(false);
  builder.node("Neg", {"c"}, {"z"}).output("z");
  const Modules module = OnnxModule::create(model_of(builder)).value();
  draw(*module);
  const Modules same = written(*module, {.fold_batch_norms = true});
  EXPECT_EQ(same->parameters().size(), 3U);
  const torch::Tensor x = torch::randn({2, 2, 6, 6});
  EXPECT_TRUE(run(*same, x).equal(run(*module, x)));
}

TEST(OnnxModule, NamesTheNodeOfAnUnknownOperator) {
  Builder builder;
  builder.input("x", {1, 3, 4, 4}).node("Unique", {"x"}, {"y"}).output("y");
  const auto module = OnnxModule::create(model_of(builder));
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(module.error().to_string(),
            "[train.operator] node 'n_y' (Unique): an operator that networks are not trained "
            "through");
}

TEST(OnnxModule, NamesTheNodeAtWhichAnInputDoesNotFit) {
  const Modules module = OnnxModule::create(model_of(conv_and_norm(false))).value();
  const auto wrong = module->forward(std::array{torch::zeros({1, 3, 6, 6})});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(wrong.error().message.starts_with("node 'n_c' (Conv): Given groups=1"))
      << wrong.error().message;
  const auto none = module->forward({});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "0 inputs, expected 1");
}

TEST(OnnxModule, AReshapeToOneRowGivesAsManyAsCome) {
  Builder builder;
  builder.input("x", {1, 2, 3}).node("Shape", {"x"}, {"s"});
  *builder.graph().add_initializer() = [] {
    onnx::TensorProto zero;
    zero.set_name("zero");
    zero.set_data_type(onnx::TensorProto::INT64);
    zero.add_dims(1);
    zero.add_int64_data(0);
    return zero;
  }();
  *builder.graph().add_initializer() = [] {
    onnx::TensorProto rest;
    rest.set_name("rest");
    rest.set_data_type(onnx::TensorProto::INT64);
    rest.add_dims(1);
    rest.add_int64_data(-1);
    return rest;
  }();
  // As exporters write x.view(x.size(0), -1).
  builder.node("Gather", {"s", "zero"}, {"n"})
      .node("Concat", {"n", "rest"}, {"target"}, {graph::integer("axis", 0)})
      .node("Reshape", {"x", "target"}, {"y"})
      .output("y");
  const Modules module = OnnxModule::create(model_of(builder)).value();
  EXPECT_EQ(run(*module, torch::zeros({5, 2, 3})).sizes(), (std::vector<std::int64_t>{5, 6}));
}

TEST(OnnxModule, ConstantsThatLibtorchCannotTellApartAreNamed) {
  Builder builder;
  builder.input("x", {1, 3}).weight("a.b", {3}).weight("a/b", {3});
  builder.node("Add", {"x", "a.b"}, {"h"}).node("Add", {"h", "a/b"}, {"y"}).output("y");
  const auto module = OnnxModule::create(model_of(builder));
  ASSERT_FALSE(module);
  EXPECT_NE(module.error().message.find("'a.b' and 'a/b'"), std::string::npos);
}

TEST(OnnxModule, GradientsAreFiniteWhereAllIsZero) {
  Builder builder;
  builder.input("x", {1, 2, 4, 4});
  builder.node("GlobalLpPool", {"x"}, {"a"})
      .node("ReduceL2", {"x"}, {"b"})
      .node("Add", {"a", "b"}, {"y"})
      .output("y");
  const Modules module = OnnxModule::create(model_of(builder)).value();
  const torch::Tensor x = torch::zeros({1, 2, 4, 4}).set_requires_grad(true);
  module->forward(std::array{x}).value().at(0).sum().backward();
  EXPECT_TRUE(x.grad().isfinite().all().item<bool>());
}

TEST(OnnxModule, SizesThatConstantsAskForAreBounded) {
  onnx::TensorProto shape;
  shape.set_name("shape");
  shape.set_data_type(onnx::TensorProto::INT64);
  shape.add_dims(1);
  shape.add_int64_data(std::int64_t{1} << 34);
  Builder builder;
  builder.input("x", {1}).node("ConstantOfShape", {"shape"}, {"c"});
  *builder.graph().add_initializer() = shape;
  builder.node("Add", {"x", "c"}, {"y"}).output("y");
  const auto module = OnnxModule::create(model_of(builder));
  ASSERT_FALSE(module);
  EXPECT_NE(module.error().message.find("expected at most 268435456 elements"), std::string::npos)
      << module.error().message;
}

TEST(OnnxModule, DropoutsDropInTrainingAlone) {
  Builder builder;
  builder.input("x", {1, 1000}).node("Dropout", {"x"}, {"y"}).output("y");
  const Modules module = OnnxModule::create(model_of(builder)).value();
  const torch::Tensor x = torch::ones({1, 1000});
  EXPECT_TRUE(run(*module, x).equal(x));
  module->train();
  const double kept = run(*module, x).count_nonzero().item<double>();
  EXPECT_NEAR(kept, 500, 100);
  EXPECT_NEAR(run(*module, x).mean().item<double>(), 1, 0.2);
}

}  // namespace
}  // namespace cleave::train
