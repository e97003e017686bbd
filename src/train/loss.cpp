#include "train/loss.h"

namespace cleave::train {
namespace {

at::Tensor logits_of(const at::Tensor& answer, bool probabilities) {
  const at::Tensor values = answer.to(at::kFloat);
  constexpr double kLeast = 1e-12;
  return probabilities ? values.clamp_min(kLeast).log() : values;
}

}  // namespace

at::Tensor classification_loss(const at::Tensor& answer, const at::Tensor& labels,
                               const at::Tensor& taught, const LossOptions& options) {
  const at::Tensor logits = logits_of(answer, options.probabilities);
  const at::Tensor wrong = labels.masked_select((labels < 0) | (labels >= logits.size(1)));
  if (wrong.numel() > 0)
    TORCH_CHECK(false, "label ", wrong[0].item<std::int64_t>(), " of a network with ",
                logits.size(1), " answers");
  at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                           options.label_smoothing);
  if (!taught.defined() || options.distillation <= 0) return loss;
  const double t = options.temperature;
  const at::Tensor target = at::softmax(logits_of(taught, options.probabilities) / t, 1);
  const at::Tensor found = at::log_softmax(logits / t, 1);
  const at::Tensor distance =
      (target * (target.clamp_min(1e-12).log() - found)).sum(1).mean() * (t * t);
  return loss * (1 - options.distillation) + distance * options.distillation;
}

}  // namespace cleave::train
