#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "wire/types.h"

namespace cleave::edge {

/// The network's outputs in its own order, out of those that were born on the device and those of
/// a server's answer. kCorrupt when the answer lacks one of `remote` or has it in another type or
/// shape than the bundle says.
Result<std::vector<Tensor>> join_outputs(std::span<const TensorSpec> outputs,
                                         std::vector<NamedTensor> local,
                                         std::span<const TensorSpec> remote,
                                         const wire::InferResponse& response);

/// The first guess of a classifier.
struct TopClass {
  std::int64_t index = 0;
  std::string label;  ///< empty where there are no labels for it
  double score = 0;   ///< of 1: the output itself where it is a distribution, else its softmax
};

/// Reads a network's only output as scores of classes: f32, one dimension beside those of 1, two
/// elements or more, and as many as there are labels where there are labels. Nothing for any other.
std::optional<TopClass> top_class(std::span<const Tensor> outputs,
                                  std::span<const std::string> labels);

}  // namespace cleave::edge
