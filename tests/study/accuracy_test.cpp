#include "study/accuracy.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cleave::study {
namespace {

Tensor scores(const std::vector<float>& values) {
  return Tensor::from_values<float>({1, static_cast<std::int64_t>(values.size())},
                                    std::span(values));
}

Tensor picture(const std::vector<float>& values) {
  return Tensor::from_values<float>({1, 1, 2, static_cast<std::int64_t>(values.size() / 2)},
                                    std::span(values));
}

TEST(Share, HasWilsonsInterval) {
  const Estimate most = share(8, 10);
  EXPECT_DOUBLE_EQ(most.value, 0.8);
  EXPECT_NEAR(most.low, 0.490162, 1e-6);
  EXPECT_NEAR(most.high, 0.943318, 1e-6);
  EXPECT_EQ(most.samples, 10U);
  const Estimate all = share(10, 10);
  EXPECT_NEAR(all.low, 0.722467, 1e-6);
  EXPECT_EQ(all.high, 1);
  EXPECT_EQ(share(0, 10).low, 0);
}

TEST(Mean, HasTheNormalInterval) {
  Mean mean;
  mean.add(1);
  EXPECT_TRUE(std::isinf(mean.estimate().high));
  for (const double value : {2.0, 3.0, 4.0}) mean.add(value);
  const Estimate estimate = mean.estimate();
  EXPECT_DOUBLE_EQ(estimate.value, 2.5);
  EXPECT_NEAR(estimate.low, 2.5 - 1.265151, 1e-6);
  EXPECT_NEAR(estimate.high, 2.5 + 1.265151, 1e-6);
  EXPECT_EQ(estimate.samples, 4U);
}

TEST(OutputKind, IsToldByTheShape) {
  const auto kind = [](DType dtype, const Shape& shape) {
    return output_kind(Tensor(dtype, shape));
  };
  EXPECT_EQ(kind(DType::kF32, {1, 10}).value(), OutputKind::kClasses);
  EXPECT_EQ(kind(DType::kF32, {1, 10, 1, 1}).value(), OutputKind::kClasses);
  EXPECT_EQ(kind(DType::kF32, {1, 3, 8, 8}).value(), OutputKind::kPicture);
  EXPECT_EQ(kind(DType::kF32, {1, 756, 6}).value(), OutputKind::kPicture);
  EXPECT_EQ(kind(DType::kI64, {1, 756}).error().message,
            "the output is i64 1x756, expected f32 scores of classes or values in places");
  EXPECT_FALSE(kind(DType::kF32, {1, 1}));
  EXPECT_FALSE(kind(DType::kF32, {1, 3, 0, 8}));
  EXPECT_FALSE(kind(DType::kI64, {1, 10}));
}

TEST(ScoreOutput, CountsTheLabel) {
  const Tensor output = scores({0, 6, 5, 4, 3, 2, 1});
  const auto of_label = [&](std::int64_t label) {
    return score_output(output, nullptr, label).value();
  };
  EXPECT_TRUE(*of_label(1).top1);
  EXPECT_FALSE(*of_label(2).top1);
  EXPECT_TRUE(*of_label(5).top5);
  EXPECT_FALSE(*of_label(6).top5);
  EXPECT_FALSE(score_output(output, nullptr, {})->top1);
  EXPECT_FALSE(score_output(scores({1, 2, 3, 4, 5}), nullptr, 0)->top5) << "every class is in it";
  for (const std::int64_t label : {-1, 7})
    EXPECT_EQ(score_output(output, nullptr, label).error().code, ErrorCode::kInvalidArgument);
}

TEST(ScoreOutput, ComparesDistributions) {
  // p = (1/4, 3/4), q = (1/2, 1/2): 1/4 ln(1/2) + 3/4 ln(3/2).
  const double expected = 0.25 * std::log(0.5) + 0.75 * std::log(1.5);
  const Tensor logits = scores({100, 100 + std::log(3.0F)});
  const auto from_logits = score_output(scores({7, 7}), &logits, {}).value();
  EXPECT_NEAR(*from_logits.kl_nats, expected, 1e-5);
  EXPECT_FALSE(*from_logits.agrees);
  const Tensor shares = scores({0.25, 0.75});
  EXPECT_NEAR(*score_output(scores({0.5, 0.5}), &shares, {})->kl_nats, expected, 1e-6);
  EXPECT_TRUE(*score_output(scores({0.4F, 0.6F}), &shares, {})->agrees);
  EXPECT_EQ(*score_output(shares, &shares, {})->kl_nats, 0);
  // What a distribution says is impossible is far away, but finite.
  EXPECT_NEAR(*score_output(scores({1, 0}), &shares, {})->kl_nats,
              0.25 * std::log(0.25) + 0.75 * (std::log(0.75) + 87.3365), 1e-3);
}

TEST(ScoreOutput, WantsEqualShapes) {
  const Tensor uncut = scores({1, 2, 3});
  EXPECT_EQ(score_output(scores({1, 2}), &uncut, {}).error().code, ErrorCode::kInternal);
}

TEST(Accuracy, SharesAreOfWhatCouldBeTold) {
  Accuracy accuracy;
  EXPECT_FALSE(accuracy.report().top1);
  const Tensor uncut = scores({3, 1, 2});
  for (const std::int64_t label : {0, 0, 1})
    accuracy.add(score_output(scores({3, 1, 2}), &uncut, label).value());
  accuracy.add(score_output(scores({1, 2, 3}), &uncut, {}).value());
  const AccuracyReport report = accuracy.report();
  EXPECT_EQ(report.samples, 4U);
  EXPECT_EQ(report.top1->samples, 3U);
  EXPECT_DOUBLE_EQ(report.top1->value, 2.0 / 3);
  EXPECT_FALSE(report.top5);
  EXPECT_DOUBLE_EQ(report.agreement->value, 0.75);
  EXPECT_EQ(report.kl_nats->samples, 4U);
  EXPECT_GT(report.kl_nats->value, 0);
  EXPECT_FALSE(report.psnr_peak);
}

TEST(Accuracy, PicturesAreRelativeToTheRangeOfAll) {
  Accuracy accuracy;
  const Tensor first = picture({0, 1, 2, 3});
  const Tensor second = picture({1, 2, 3, 4});
  accuracy.add(score_output(picture({0.1F, 1.1F, 2.1F, 3.1F}), &first, {}).value());
  accuracy.add(score_output(picture({2, 3, 4, 5}), &second, {}).value());
  accuracy.add(score_output(second, &second, {}).value());
  const AccuracyReport report = accuracy.report();
  EXPECT_EQ(report.psnr_peak->value, 4);
  EXPECT_TRUE(report.psnr_peak->is_range);
  EXPECT_EQ(report.equal_pictures, 1U);
  // 20 log10(4) = 12.0412; squared errors of 0.01 and 1 are -20 and 0 dB.
  EXPECT_NEAR(report.psnr_db->value, 12.0412 + 10, 1e-4);
  EXPECT_EQ(report.psnr_db->samples, 2U);
  EXPECT_LT(report.psnr_db->low, report.psnr_db->value);
  EXPECT_LT(report.psnr_db->value, report.psnr_db->high);
}

TEST(Accuracy, EightBitPicturesHaveTheirOwnPeak) {
  Accuracy accuracy;
  const Tensor uncut = picture({0, 10, 20, 30, 40, 50, 60, 200, 255, 400});
  const Tensor found = picture({1, 11, 21, 31, 41, 51, 61, 201, 256, 401});
  accuracy.add(score_output(found, &uncut, {}).value());
  const AccuracyReport report = accuracy.report();
  EXPECT_EQ(report.psnr_peak->value, 255);
  EXPECT_FALSE(report.psnr_peak->is_range);
  EXPECT_NEAR(report.psnr_db->value, 48.1308, 1e-4);
  // A second one that leaves 0..255 as often brings the share under nine tenths.
  const Tensor beyond = picture({-1, 256, -1, 256});
  accuracy.add(score_output(picture({0, 256, -1, 256}), &beyond, {}).value());
  EXPECT_EQ(accuracy.report().psnr_peak->value, 401);
}

TEST(Accuracy, EqualPicturesHaveNoPsnr) {
  Accuracy accuracy;
  const Tensor uncut = picture({0, 1, 2, 3});
  accuracy.add(score_output(uncut, &uncut, {}).value());
  EXPECT_FALSE(accuracy.report().psnr_db);
  EXPECT_EQ(accuracy.report().equal_pictures, 1U);
}

}  // namespace
}  // namespace cleave::study
