#include "data/labels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "pictures.h"

namespace cleave::data {
namespace {

using Labels = std::vector<std::string>;

TEST(Labels, OneALine) {
  EXPECT_EQ(parse_labels("tench, Tinca tinca\ngoldfish\n"),
            (Labels{"tench, Tinca tinca", "goldfish"}));
  EXPECT_EQ(parse_labels("a\r\n\r\nb"), (Labels{"a", "", "b"}));
  EXPECT_TRUE(parse_labels("").empty());
}

TEST(Labels, FilesAreNamedInErrors) {
  EXPECT_EQ(read_labels("/nowhere").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_labels("/dev/null").error().code, ErrorCode::kCorrupt);
}

TEST(Labels, RealFileHasAThousand) {
  CLEAVE_NEEDS_DATA();
  const Labels labels = read_labels(data_folder() / "labels/labels1000.txt").value();
  ASSERT_EQ(labels.size(), 1000u);
  EXPECT_EQ(labels[0], "tench, Tinca tinca");
}

TEST(MatchClasses, ByCountOrByName) {
  const Labels classes{"cat", "Dog"};
  EXPECT_EQ(match_classes(classes, {}, 2).value(), (std::vector<std::int64_t>{0, 1}));
  const Labels labels{"dog", "hot dog, dog food", "tabby, Cat"};
  EXPECT_EQ(match_classes(classes, labels, 3).value(), (std::vector<std::int64_t>{2, 0}));
  EXPECT_EQ(match_classes({}, labels, 3)->size(), 0U);
}

TEST(MatchClasses, SaysWhatDoesNotAgree) {
  const Labels classes{"cat", "dog"};
  const auto message = [&](const Labels& labels, std::int64_t count) {
    const Error error = match_classes(classes, labels, count).error();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    return error.message;
  };
  EXPECT_EQ(message({}, 10),
            "the data has 2 classes, the network has 10; expected as many, or labels that name the "
            "network's");
  EXPECT_EQ(message({"cat", "dog", "cow"}, 2), "the labels name 3 classes, the network has 2");
  EXPECT_EQ(message({"cat", "cow"}, 2),
            "class 'dog' of the data is none of the network's 2 labels");
  EXPECT_EQ(message({"cat, dog", "a dog", "dog, b"}, 3),
            "class 'dog' of the data is named by the labels of 2 classes, 0 and 2 among them, "
            "expected one");
}

Tensor tensor_of(std::vector<float> values) {
  return Tensor::from_values<float>({1, static_cast<std::int64_t>(values.size())}, values);
}

TEST(TopK, HighestFirstThenLowerIndex) {
  const Tensor logits = tensor_of({1, 5, -2, 5, 3});
  EXPECT_EQ(top_k(logits, 3).value(), (std::vector<ClassScore>{{1, 5}, {3, 5}, {4, 3}}));
  EXPECT_EQ(top_k(logits, 9)->size(), 5u);
  EXPECT_TRUE(top_k(logits, 0)->empty());
}

TEST(TopK, NanComesLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto best =
      top_k(tensor_of({nan, 1, nan, -std::numeric_limits<float>::infinity(), 2}), 5).value();
  EXPECT_EQ(best[0].index, 4);
  EXPECT_EQ(best[2].index, 3);
  EXPECT_EQ(best[3].index, 0);
  EXPECT_EQ(best[4].index, 2);
}

TEST(TopK, WantsF32) {
  EXPECT_EQ(top_k(Tensor(DType::kI64, {4}), 1).error().message, "scores are i64, expected f32");
}

TEST(Softmax, SumsToOneWithoutOverflow) {
  const std::vector<float> p = softmax(std::vector<float>{1000, 1001, 1000});
  EXPECT_FLOAT_EQ(p[1], std::exp(1.0f) / (std::exp(1.0f) + 2));
  EXPECT_FLOAT_EQ(p[0] + p[1] + p[2], 1);
  EXPECT_TRUE(softmax({}).empty());
}

}  // namespace
}  // namespace cleave::data
