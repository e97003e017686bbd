#include "train/rate_model.h"

#include <numbers>

namespace cleave::train {
namespace {

constexpr std::int64_t kLogistics = 3;
/// The least probability, so that a value nobody expected costs 20 bits and not an infinity.
constexpr double kLeast = 1e-6;

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
  const torch::Tensor above = torch::sigmoid((values + half - means) * inverse);
  const torch::Tensor below = torch::sigmoid((values - half - means) * inverse);
  const torch::Tensor least = values.detach().amin({1}, true);
  const torch::Tensor is_least = values.detach() <= least + half;
  const torch::Tensor inside = above - torch::where(is_least, torch::zeros_like(below), below);
  const torch::Tensor shares = torch::softmax(parameter(logits_), 2);
  return (inside * shares).sum(2).clamp_min(kLeast).log2().neg();
}

torch::Tensor RateModel::bits_per_value(const torch::Tensor& codes, double step) const {
  return bits(codes, step, true).mean();
}

torch::Tensor RateModel::loss(const torch::Tensor& codes, double step, double weight) const {
  const double values = static_cast<double>(codes.numel()) / static_cast<double>(codes.size(0));
  const torch::Tensor kilobytes = bits(codes, step, false).mean() * (values / 8000);
  return weight * kilobytes + std::numbers::ln2 * bits(codes.detach(), step, true).mean();
}

}  // namespace cleave::train
