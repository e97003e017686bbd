#include "study/answer_join.h"

#include <gtest/gtest.h>

#include <cmath>

#include "study/accuracy.h"

namespace cleave::study {
namespace {

Tensor floats(std::vector<float> values) {
  return Tensor::from_values<float>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(AnswerJoin, AnOnlyOutputIsItself) {
  const auto join = AnswerJoin::create(std::vector<std::vector<Tensor>>{{floats({1, 2})}});
  ASSERT_TRUE(join);
  EXPECT_FALSE(join->joins());
  EXPECT_EQ(join->join({floats({3, 4, 5})})->elements(), 3);
}

TEST(AnswerJoin, EveryOutputCountsAlikeRelativeToItsRange) {
  // Ranges of 10 and 1000, 1 and 4 values, and an index that says nothing.
  const auto sample = [](float a, float b) {
    const std::vector<std::int64_t> index{7};
    std::vector<Tensor> outputs;
    outputs.push_back(floats({a}));
    outputs.push_back(Tensor::from_values<std::int64_t>({1}, index));
    outputs.push_back(floats({b, 0, 1000, b}));
    return outputs;
  };
  std::vector<std::vector<Tensor>> answers;
  answers.push_back(sample(-4, 100));
  answers.push_back(sample(6, 200));
  const auto join = AnswerJoin::create(answers);
  ASSERT_TRUE(join) << join.error().to_string();
  ASSERT_TRUE(join->joins());
  const Tensor uncut = *join->join(sample(-4, 100));
  const Tensor first_off = *join->join(sample(-3, 100));   // a tenth of its range
  const Tensor second_off = *join->join(sample(-4, 200));  // a tenth, in two of four values
  ASSERT_EQ(uncut.elements(), 5);
  EXPECT_NEAR(mean_squared_error(first_off.as<float>(), uncut.as<float>()), 0.01 / 2, 1e-6);
  EXPECT_NEAR(mean_squared_error(second_off.as<float>(), uncut.as<float>()), 0.01 / 2 / 2, 1e-6);
}

TEST(AnswerJoin, RefusesWhatCannotBeCompared) {
  std::vector<std::vector<Tensor>> answers(2);
  answers[0].push_back(floats({1, 2}));
  answers[0].push_back(floats({1}));
  answers[1].push_back(floats({1, 2, 3}));
  answers[1].push_back(floats({1}));
  const auto uneven = AnswerJoin::create(answers);
  ASSERT_FALSE(uneven);
  EXPECT_EQ(uneven.error().code, ErrorCode::kUnsupported);

  answers.pop_back();
  std::vector<std::vector<Tensor>> endless(1);
  endless[0].push_back(floats({1, -INFINITY}));
  endless[0].push_back(floats({1}));
  const auto refused = AnswerJoin::create(endless);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("output 0 goes from -inf"))
      << refused.error().message;

  const auto join = AnswerJoin::create(answers);
  ASSERT_TRUE(join);
  std::vector<Tensor> longer;
  longer.push_back(floats({1, 2, 3}));
  longer.push_back(floats({1}));
  EXPECT_FALSE(join->join(std::move(longer)));
}

}  // namespace
}  // namespace cleave::study
