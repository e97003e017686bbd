#include "train/loss.h"

namespace cleave::train {
namespace {

at::Tensor logits_of(const at::Tensor& answer) {
  const at::Tensor values = answer.to(at::kFloat);
  const at::Tensor fixed = values.detach();
  const bool probabilities =
      fixed.min().item<float>() >= 0 && (fixed.sum(1) - 1).abs().max().item<float>() < 1e-3F;
  constexpr double kLeast = 1e-12;
  return probabilities ? values.clamp_min(kLeast).log() : values;
}

}  // namespace

at::Tensor classification_loss(const at::Tensor& answer, const at::Tensor& labels,
                               const at::Tensor& taught, const LossOptions& options) {
  const at::Tensor logits = logits_of(answer);
  const std::int64_t most = labels.max().item<std::int64_t>();
  TORCH_CHECK(labels.min().item<std::int64_t>() >= 0 && most < logits.size(1), "label ", most,
              " of a network with ", logits.size(1), " answers");
  at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                           options.label_smoothing);
  if (!taught.defined() || options.distillation <= 0) return loss;
  const double t = options.temperature;
  const at::Tensor target = at::softmax(logits_of(taught) / t, 1);
  const at::Tensor found = at::log_softmax(logits / t, 1);
  const at::Tensor distance =
      (target * (target.clamp_min(1e-12).log() - found)).sum(1).mean() * (t * t);
  return loss * (1 - options.distillation) + distance * options.distillation;
}

}  // namespace cleave::train
