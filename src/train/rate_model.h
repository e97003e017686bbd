#pragma once

#include "train/aten.h"
// Behind it.
#include <torch/nn/module.h>

namespace cleave::train {

/// How many bits a code takes, as something that can be made smaller: a learned entropy model of
/// its channels (Ballé et al., Variational image compression with a scale hyperprior, 2018, section
/// 2 and appendix 6.1: a factorised prior of the quantised values). Where Ballé's densities are
/// small networks, ours are mixtures of three logistic distributions, which have a closed form.
///
/// The probability of a value is that of the step around it; that of the least value, which a
/// ReLU gives to everything below, is all that lies below. Thread safety: none.
class RateModel : public torch::nn::Module {
 public:
  /// Begins at the spread of `codes`, N×C×….
  explicit RateModel(const torch::Tensor& codes);

  /// Mean bits of a value of codes N×C×…, quantised in steps of `step`, above 0. Differentiable in
  /// codes and parameters.
  torch::Tensor bits_per_value(const torch::Tensor& codes, double step) const;

  /// What a step of training adds to its loss: `weight` times the kilobytes of a picture's code,
  /// which move the codes alone, and the nats of a value of each channel, which move the model
  /// alone, so that it learns as fast whatever the weight.
  torch::Tensor loss(const torch::Tensor& codes, double step, double weight) const;

 private:
  torch::Tensor bits(const torch::Tensor& codes, double step, bool learn) const;

  torch::Tensor means_;       ///< C×3
  torch::Tensor log_scales_;  ///< C×3
  torch::Tensor logits_;      ///< of the shares, C×3
  torch::Tensor spread_;      ///< of each channel at the beginning, C×1, the unit of the above
};

}  // namespace cleave::train
