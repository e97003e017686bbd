#include "edge/answer.h"

#include <gtest/gtest.h>

namespace cleave::edge {
namespace {

Tensor floats(Shape shape, std::vector<float> values) {
  return Tensor::from_values<float>(std::move(shape), values);
}

const std::vector<TensorSpec> kOutputs{{"a", DType::kF32, {1, 2}}, {"b", DType::kF32, {-1, 2}}};

wire::InferResponse response_with(const Tensor& b) {
  wire::InferResponse response;
  response.outputs.push_back(wire::to_wire("b", b));
  return response;
}

TEST(JoinOutputs, PutsLocalAndRemoteInTheNetworksOrder) {
  std::vector<NamedTensor> local;
  local.push_back({"unrelated", floats({1}, {9})});
  local.push_back({"a", floats({1, 2}, {1, 2})});
  const auto joined = join_outputs(kOutputs, std::move(local), std::span(kOutputs).subspan(1),
                                   response_with(floats({1, 2}, {3, 4})));
  ASSERT_TRUE(joined) << joined.error().to_string();
  ASSERT_EQ(joined->size(), 2U);
  EXPECT_EQ((*joined)[0].as<float>()[0], 1);
  EXPECT_EQ((*joined)[1].as<float>()[1], 4);
}

TEST(JoinOutputs, RefusesAnswersThatAreNotWhatTheBundleSays) {
  const auto remote = std::span(kOutputs).subspan(1);
  const auto code = [&](const wire::InferResponse& response) {
    const auto joined = join_outputs(remote, {}, remote, response);
    return joined ? std::nullopt : std::optional(joined.error().code);
  };
  EXPECT_EQ(code({}), ErrorCode::kCorrupt);
  EXPECT_EQ(code(response_with(floats({2, 1}, {3, 4}))), ErrorCode::kCorrupt);
  EXPECT_EQ(code(response_with(floats({2}, {3, 4}))), ErrorCode::kCorrupt);
  EXPECT_EQ(code(response_with(Tensor::from_values<std::int32_t>({1, 2}, std::vector{3, 4}))),
            ErrorCode::kCorrupt);
  EXPECT_EQ(code(response_with(floats({1, 2}, {3, 4}))), std::nullopt);
}

TEST(JoinOutputs, NoticesAnOutputThatNobodyMade) {
  const auto joined = join_outputs(kOutputs, {}, std::span(kOutputs).subspan(1),
                                   response_with(floats({1, 2}, {3, 4})));
  ASSERT_FALSE(joined);
  EXPECT_NE(joined.error().message.find("'a'"), std::string::npos);
}

TEST(TopClass, ReadsLogitsAndDistributions) {
  const std::vector<std::string> labels{"cat", "dog", "owl"};
  const std::vector<Tensor> logits{floats({1, 3}, {0, 3, 1})};
  const auto top = top_class(logits, labels);
  ASSERT_TRUE(top);
  EXPECT_EQ(top->index, 1);
  EXPECT_EQ(top->label, "dog");
  EXPECT_NEAR(top->score, 0.8438, 1e-3);
  const std::vector<Tensor> distribution{floats({1, 3, 1, 1}, {0.2F, 0.1F, 0.7F})};
  EXPECT_NEAR(top_class(distribution, {})->score, 0.7, 1e-6);
  EXPECT_EQ(top_class(distribution, {})->label, "");
}

TEST(TopClass, LeavesOtherOutputsAlone) {
  const std::vector<std::string> labels{"cat", "dog"};
  EXPECT_FALSE(top_class({}, {}));
  EXPECT_FALSE(top_class(std::vector{floats({1, 3}, {0, 3, 1})}, labels));
  EXPECT_FALSE(top_class(std::vector{floats({2, 2}, {0, 3, 1, 2})}, {}));
  EXPECT_FALSE(top_class(std::vector{floats({1, 1}, {0})}, {}));
  EXPECT_FALSE(top_class(std::vector{floats({2}, {0, 1}), floats({2}, {0, 1})}, {}));
}

}  // namespace
}  // namespace cleave::edge
