#include "train/rate_model.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/utils.h>

#include <cmath>

namespace cleave::train {
namespace {

/// Two channels: whole numbers from a geometric distribution, as behind a ReLU, and from -2 to 2.
torch::Tensor codes(std::int64_t pictures) {
  torch::manual_seed(3);
  const torch::Tensor geometric =
      (torch::rand({pictures, 1, 8, 8}).clamp_min(1e-6).log() / std::log(0.5)).floor();
  const torch::Tensor even = torch::randint(-2, 3, {pictures, 1, 8, 8}).to(torch::kFloat);
  return torch::cat({geometric, even}, 1);
}

TEST(RateModel, LearnsTheEntropyOfWhatItSees) {
  const torch::Tensor seen = codes(200);
  RateModel model(seen);
  torch::optim::Adam optimizer(model.parameters(), torch::optim::AdamOptions(0.05));
  const double before = model.bits_per_value(seen, 1).item<double>();
  for (int step = 0; step < 300; ++step) {
    optimizer.zero_grad();
    model.loss(seen, 1, 0).backward();
    optimizer.step();
  }
  // Two bits for the first, log2 5 = 2.32 for the second.
  const double entropy = (2 + std::log2(5.0)) / 2;
  const double after = model.bits_per_value(codes(50), 1).item<double>();
  EXPECT_LT(after, before);
  EXPECT_GE(after, entropy - 0.02) << "no model is below the entropy";
  EXPECT_LE(after, entropy + 0.15);
}

TEST(RateModel, GradientsAreThoseOfFiniteDifferences) {
  const torch::Tensor at = codes(2) * 0.7 + 0.3;
  const RateModel model(codes(20));
  torch::Tensor x = at.clone().requires_grad_();
  model.bits_per_value(x, 0.5).backward();
  torch::manual_seed(5);
  const torch::Tensor direction = torch::randn_like(at);
  // Away from the least value, where the density ends in a corner.
  const torch::Tensor moved = direction * (at > at.amin({0, 2, 3}, true) + 0.5);
  const double h = 1e-2;
  const torch::NoGradGuard no_grad;
  const double difference =
      (model.bits_per_value(at + h * moved, 0.5) - model.bits_per_value(at - h * moved, 0.5))
          .item<double>() /
      (2 * h);
  EXPECT_NEAR((x.grad() * moved).sum().item<double>(), difference,
              2e-3 + 0.02 * std::abs(difference));
}

TEST(RateModel, LeadsBackWhatNobodyExpected) {
  RateModel model(codes(20));
  torch::Tensor x = codes(1);
  x[0][0][0][0] = 30;
  x[0][1][0][0] = 5000;
  x = x.detach().requires_grad_();
  model.loss(x, 1, 1).backward();
  EXPECT_TRUE(x.grad().isfinite().all().item<bool>());
  // As strongly as what is less far out.
  EXPECT_GT(x.grad()[0][0][0][0].item<double>(), 0.5 * x.grad()[0][0].median().item<double>());
  EXPECT_GT(x.grad()[0][0][0][0].item<double>(), 1e-5);
}

TEST(RateModel, TheWeightMovesCodesAloneAndTheModelLearnsWithoutIt) {
  RateModel model(codes(20));
  torch::Tensor x = codes(4).requires_grad_();
  model.loss(x, 1, 0).backward();
  EXPECT_EQ(x.grad().abs().sum().item<double>(), 0);
  const torch::Tensor of_model = model.parameters().front().grad().clone();
  EXPECT_GT(of_model.abs().sum().item<double>(), 0);
  model.zero_grad();
  model.loss(x, 1, 5).backward();
  EXPECT_GT(x.grad().abs().sum().item<double>(), 0);
  EXPECT_TRUE(model.parameters().front().grad().allclose(of_model));
}

}  // namespace
}  // namespace cleave::train
