#include "train/rate_model.h"

#include <numbers>

namespace cleave::train {
namespace {

constexpr std::int64_t kLogistics = 3;
/// The least probability, so that a value nobody expected costs 100 bits and not an infinity.
constexpr double kLeast = 1e-30;

/// Channels first, their values behind each other: C×M.
torch::Tensor by_channel(const torch::Tensor& codes) {
  return codes.to(torch::kFloat).transpose(0, 1).flatten(1);
}

}  // namespace

RateModel::RateModel(const torch::Tensor& codes) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor values = by_channel(codes);
  spread_ = register_buffer("spread",
                            values.std(1, /*unbiased=*/false, /*keepdim=*/true).clamp_min(1e-6));
  // One at what is often there, one in the middle, one for what is rare.
  const torch::Tensor mean = values.mean(1, true) / spread_;
  const torch::Tensor least = values.amin(1, true) / spread_;
  means_ = register_parameter("means", torch::cat({least, mean, mean + 1}, 1));
  log_scales_ = register_parameter("log_scales",
                                   torch::tensor({-2.0F, -1.0F, -0.5F}).repeat({mean.size(0), 1}));
  logits_ = register_parameter("logits", torch::zeros({mean.size(0), kLogistics}));
}

torch::Tensor RateModel::bits(const torch::Tensor& codes, double step, bool learn) const {
  const auto parameter = [&](const torch::Tensor& p) {
    return (learn ? p : p.detach()).unsqueeze(1);
  };
  const torch::Tensor values = by_channel(codes).div(spread_).unsqueeze(2);
  const torch::Tensor half = (0.5 * step / spread_).unsqueeze(2);
  const torch::Tensor inverse = parameter(log_scales_).clamp(-6, 4).neg().exp();
  const torch::Tensor means = parameter(means_);
  const torch::Tensor upper = (values + half - means) * inverse;
  const torch::Tensor lower = (values - half - means) * inverse;
  const torch::Tensor least = values.detach().amin({1}, true);
  const torch::Tensor is_least = values.detach() <= least + half;
  // On the side of the mean where the sigmoid is small, so that far out their difference is not
  // lost (as in Ballé's own code).
  const torch::Tensor side = torch::where(upper + lower > 0, -1.0, 1.0).detach();
  const torch::Tensor between = (torch::sigmoid(side * upper) - torch::sigmoid(side * lower)).abs();
  const torch::Tensor inside = torch::where(is_least, torch::sigmoid(upper), between);
  const torch::Tensor shares = torch::softmax(parameter(logits_), 2);
  const torch::Tensor probability = (inside * shares).sum(2);
  // Bounded in its value, not in its gradient: what nobody expected is to be led back.
  return (probability + (probability.clamp_min(kLeast) - probability).detach()).log2().neg();
}

torch::Tensor RateModel::bits_per_value(const torch::Tensor& codes, double step) const {
  return bits(codes, step, true).mean();
}

torch::Tensor RateModel::loss(const torch::Tensor& codes, double step, double weight) const {
  const double values = static_cast<double>(codes.numel()) / static_cast<double>(codes.size(0));
  const torch::Tensor kilobytes = bits(codes, step, false).mean() * (values / 8000);
  // A channel's parameters see its values alone: a sum over channels, so that their number does not
  // matter.
  const auto channels = static_cast<double>(codes.size(1));
  return weight * kilobytes +
         channels * std::numbers::ln2 * bits(codes.detach(), step, true).mean();
}

}  // namespace cleave::train
