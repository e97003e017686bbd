#include "study/feature_search.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/random_tensor.h"
#include "engine/shared_engine.h"
#include "graph/builder.h"

namespace cleave::study {
namespace {

void add_random_weight(graph::Builder& b, const std::string& name, const Shape& shape) {
  onnx::TensorProto weight = graph::tensor(name, shape);
  Random random(name.size());
  for (float& value : *weight.mutable_float_data())
    value = static_cast<float>(random.uniform(-1, 1));
  *b.graph().add_initializer() = weight;
}

/// 64 tokens of 32 features, which are mixtures of 2 inputs.
graph::Model tokens() {
  graph::Builder b(13, 7);
  b.input("x", {1, 64, 2});
  add_random_weight(b, "mix", {2, 32});
  add_random_weight(b, "read", {32, 6});
  b.node("MatMul", {"x", "mix"}, {"tokens"}).node("MatMul", {"tokens", "read"}, {"y"}).output("y");
  return graph::Model::parse(b.bytes()).value();
}

TEST(SearchFeatures, MixesTheFeaturesOfTokens) {
  const graph::Model model = tokens();
  std::vector<std::vector<Tensor>> samples;
  for (std::uint64_t i = 0; i < 12; ++i) samples.push_back(random_tensors(model.inputs(), i));
  auto trial = CutTrial::create(model, **model.find_cut("tokens"), test_engine(), samples);
  ASSERT_TRUE(trial) << trial.error().to_string();
  const auto found = search_features(*trial, psnr_at_least(30));
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->bases.front().axis, codec::ChannelAxis::kLast);
  // Two numbers of some bits say a token, whatever it is mixed into.
  EXPECT_LT(found->summary.bytes.value, 64 * 2);
}

}  // namespace
}  // namespace cleave::study
