// Every network in the engine: values keep their range through the depth, and answers tell inputs
// apart.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random_tensor.h"
#include "bundle/tolerance.h"
#include "engine/intermediates.h"
#include "engine/shared_engine.h"
#include "zoo/zoo.h"

namespace cleave::zoo {
namespace {

double root_mean_square(const Tensor& tensor) {
  double squares = 0;
  for (float v : tensor.as<float>()) squares += double{v} * v;
  return std::sqrt(squares / static_cast<double>(tensor.as<float>().size()));
}

/// Noise; of what names a class, a single 1.
std::vector<Tensor> inputs_of(const graph::Model& model, std::uint64_t seed) {
  std::vector<Tensor> inputs = random_tensors(model.inputs(), seed);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (model.inputs()[i].name != "class") continue;
    const auto values = inputs[i].as<float>();
    std::ranges::fill(values, 0.0F);
    values[seed] = 1;
  }
  return inputs;
}

class EveryNetwork : public testing::TestWithParam<Architecture> {};

TEST_P(EveryNetwork, KeepsItsRangeAndTellsInputsApart) {
  const auto model = graph::Model::parse(build(GetParam().name, 1).value()).value();
  const auto values_for = [&](std::uint64_t seed) {
    return engine::intermediate_values(model, test_engine(), {}, inputs_of(model, seed)).value();
  };
  // Without biases, which keep the averages of channels apart, the logits of these begin
  // smaller.
  const bool normalised = GetParam().name == "fashion" || GetParam().name == "flowers";
  const double least = normalised ? 0.1 : 0.2;
  const auto values = values_for(1);
  for (const graph::Layer& layer : model.layers()) {
    // Probabilities have a size of their own.
    if (layer.op == "Softmax") continue;
    for (const TensorSpec& out : layer.outputs) {
      const double size = root_mean_square(values.at(out.name));
      EXPECT_GT(size, least) << out.name;
      EXPECT_LT(size, 5) << out.name;
    }
  }
  const auto others = values_for(2);
  for (const TensorSpec& out : model.outputs()) {
    const double difference = bundle::relative_difference(others.at(out.name), values.at(out.name));
    EXPECT_TRUE(std::isfinite(difference)) << out.name;
    EXPECT_GT(difference, 0.1) << out.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryNetwork,
                         testing::ValuesIn(architectures().begin(), architectures().end()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cleave::zoo
