#include "study/answer_judge.h"

#include <utility>

namespace cleave::study {

Result<AnswerJudge> AnswerJudge::create(std::vector<std::vector<Tensor>> answers,
                                        std::vector<int> labels) {
  AnswerJudge judge;
  judge.labels_ = std::move(labels);
  judge.join_ = CLEAVE_TRY(AnswerJoin::create(answers));
  for (std::vector<Tensor>& outputs : answers)
    judge.answers_.push_back(CLEAVE_TRY(judge.join(std::move(outputs))));
  judge.kind_ =
      judge.join_.joins() ? OutputKind::kPicture : CLEAVE_TRY(output_kind(judge.answers_.front()));
  if (judge.kind_ == OutputKind::kPicture || judge.labels_.empty()) return judge;
  for (std::size_t i = 0; i < judge.answers_.size(); ++i) {
    const auto uncut = CLEAVE_TRY(score_output(judge.answers_[i], nullptr, judge.label(i)));
    judge.top1_.push_back(uncut.top1.value_or(false));
  }
  return judge;
}

Result<SampleScore> AnswerJudge::judge(std::size_t sample, const Tensor& found) const {
  if (join_.joins()) {
    SampleScore score;
    score.squared_error = mean_squared_error(found.as<float>(), answers_[sample].as<float>());
    score.highest = 1;
    return score;
  }
  SampleScore score = CLEAVE_TRY(score_output(found, &answers_[sample], label(sample)));
  if (!top1_.empty()) score.uncut_top1 = top1_[sample];
  return score;
}

std::optional<std::int64_t> AnswerJudge::label(std::size_t sample) const {
  return labels_.empty() ? std::nullopt : std::optional<std::int64_t>(labels_[sample]);
}

}  // namespace cleave::study
