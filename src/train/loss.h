#pragma once

#include "train/aten.h"

namespace cleave::train {

struct LossOptions {
  /// The answers are probabilities, not logits.
  bool probabilities = false;
  double label_smoothing = 0;
  double distillation = 0;  ///< share of the distance from the teacher's answer
  double temperature = 4;
};

/// The mean over a batch of the cross entropy with the labels and, for its share, of the KL
/// divergence from the teacher's answer, both softened by the temperature T and weighted by T²
/// (Hinton et al., Distilling the Knowledge in a Neural Network, 2015, section 2). `answer` and
/// `taught` are N×K; `taught` may be undefined. Throws for labels outside of [0, K).
at::Tensor classification_loss(const at::Tensor& answer, const at::Tensor& labels,
                               const at::Tensor& taught, const LossOptions& options);

}  // namespace cleave::train
