#include "train/loss.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

namespace cleave::train {
namespace {

const at::Tensor kNone;

at::Tensor row(float a, float b) { return torch::tensor({{a, b}}); }
at::Tensor label(std::int64_t value) { return torch::tensor({value}, torch::kLong); }

TEST(Loss, OfLogitsAndOfProbabilities) {
  // Probabilities of 3/4 and 1/4.
  const at::Tensor logits = row(std::log(3.0F), 0);
  EXPECT_NEAR(classification_loss(logits, label(1), kNone, {}).item<float>(), std::log(4.0), 1e-5);
  EXPECT_NEAR(classification_loss(row(0.75F, 0.25F), label(1), kNone, {.probabilities = true})
                  .item<float>(),
              std::log(4.0), 1e-5);
}

TEST(Loss, SmoothingSpreadsTheLabel) {
  const at::Tensor logits = row(std::log(3.0F), 0);
  // 0.9 + 0.1/2 on the label, 0.1/2 on the other.
  EXPECT_NEAR(classification_loss(logits, label(0), kNone, {.label_smoothing = 0.1}).item<float>(),
              0.95 * std::log(4.0 / 3) + 0.05 * std::log(4.0), 1e-5);
}

TEST(Loss, DistillationIsTheDistanceFromTheTeacher) {
  const at::Tensor logits = row(std::log(3.0F), 0);
  const LossOptions all{.distillation = 1, .temperature = 1};
  EXPECT_NEAR(classification_loss(logits, label(0), logits, all).item<float>(), 0, 1e-6);
  // KL of (1/2, 1/2) from (3/4, 1/4).
  const double kl = 0.5 * std::log(0.5 / 0.75) + 0.5 * std::log(0.5 / 0.25);
  EXPECT_NEAR(classification_loss(logits, label(0), row(0, 0), all).item<float>(), kl, 1e-5);
  // Softened by 2, logits are halved and the distance weighs four times.
  const double p = std::sqrt(3.0) / (1 + std::sqrt(3.0));
  const double softened = 0.5 * std::log(0.5 / p) + 0.5 * std::log(0.5 / (1 - p));
  EXPECT_NEAR(
      classification_loss(logits, label(0), row(0, 0), {.distillation = 1, .temperature = 2})
          .item<float>(),
      4 * softened, 1e-5);
}

TEST(Loss, ALabelOfNoAnswerIsNamed) {
  for (const std::int64_t wrong : {-1, 2}) {
    try {
      classification_loss(row(0, 0), label(wrong), kNone, {});
      FAIL() << wrong;
    } catch (const c10::Error& error) {
      EXPECT_NE(std::string(error.what())
                    .find("label " + std::to_string(wrong) + " of a network with 2 answers"),
                std::string::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace cleave::train
