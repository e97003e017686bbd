#pragma once

#include <cstddef>
#include <vector>

#include "study/accuracy.h"
#include "study/answer_join.h"

namespace cleave::study {

/// What the uncut network answered to each sample, and how far other answers are from that.
/// Immutable and thread-safe.
class AnswerJudge {
 public:
  AnswerJudge() = default;
  /// `answers`: the outputs for each sample, of which several are judged as one picture of range 1
  /// (AnswerJoin). `labels`: one for each sample, or none. Errors: kUnsupported for answers that
  /// cannot be compared; those of score_output() for labels.
  static Result<AnswerJudge> create(std::vector<std::vector<Tensor>> answers,
                                    std::vector<int> labels);

  OutputKind kind() const { return kind_; }
  bool joins() const { return join_.joins(); }
  /// The uncut network's output, or several as one.
  const Tensor& answer(std::size_t sample) const { return answers_[sample]; }
  Result<Tensor> join(std::vector<Tensor> outputs) const { return join_.join(std::move(outputs)); }
  /// Scores what join() made of other outputs.
  Result<SampleScore> judge(std::size_t sample, const Tensor& found) const;

 private:
  std::optional<std::int64_t> label(std::size_t sample) const;

  AnswerJoin join_;
  std::vector<Tensor> answers_;
  std::vector<int> labels_;
  std::vector<bool> top1_;  ///< of the uncut network's, where there are labels
  OutputKind kind_ = OutputKind::kClasses;
};

}  // namespace cleave::study
