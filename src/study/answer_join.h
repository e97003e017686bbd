#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::study {

/// One tensor out of a network's outputs, by which its answers are compared. An only output is
/// itself. Several become one in which each counts alike, however many values it has and whatever
/// their range: a mean squared error over it is the mean over the outputs of their own, relative to
/// the squares of their ranges (1 for one that is always the same). Immutable and thread-safe.
class AnswerJoin {
 public:
  /// An only output.
  AnswerJoin() = default;
  /// For outputs whose ranges are those of these answers, one vector of outputs for each sample.
  /// Outputs that are not f32, as indices are, are left out. kUnsupported where none of several is
  /// f32, where values are not finite, or sizes differ between samples.
  static Result<AnswerJoin> create(std::span<const std::vector<Tensor>> answers);

  bool joins() const { return !parts_.empty(); }
  /// kUnsupported for outputs of other sizes than those that it was created with.
  Result<Tensor> join(std::vector<Tensor> outputs) const;

 private:
  /// An output's values become (value - lowest) · scale.
  struct Part {
    std::size_t output = 0;
    std::int64_t elements = 0;
    float lowest = 0;
    float scale = 1;
  };
  std::vector<Part> parts_;
  std::int64_t elements_ = 0;
};

}  // namespace cleave::study
