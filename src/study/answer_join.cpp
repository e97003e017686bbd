#include "study/answer_join.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.answer";

Result<void> check_size(const Tensor& output, std::size_t index, std::int64_t expected) {
  if (output.elements() == expected) return {};
  return fail(ErrorCode::kUnsupported, kPlace,
              "output " + std::to_string(index) + " has " + std::to_string(output.elements()) +
                  " values for one input and " + std::to_string(expected) +
                  " for another, expected as many for all");
}

struct Range {
  float lowest = std::numeric_limits<float>::infinity();
  float highest = -std::numeric_limits<float>::infinity();
};

Range range_of(std::span<const std::vector<Tensor>> answers, std::size_t output) {
  Range range;
  for (const std::vector<Tensor>& outputs : answers) {
    for (const float value : outputs[output].as<float>()) {
      range.lowest = std::min(range.lowest, value);
      range.highest = std::max(range.highest, value);
    }
  }
  return range;
}

}  // namespace

Result<AnswerJoin> AnswerJoin::create(std::span<const std::vector<Tensor>> answers) {
  AnswerJoin join;
  const std::vector<Tensor>& first = answers.front();
  if (first.size() == 1) return join;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i].dtype() != DType::kF32) continue;
    for (const std::vector<Tensor>& outputs : answers)
      CLEAVE_CHECK(check_size(outputs[i], i, first[i].elements()));
    if (first[i].elements() == 0) continue;
    const Range range = range_of(answers, i);
    const float width = range.highest - range.lowest;
    if (!std::isfinite(width)) {
      return fail(ErrorCode::kUnsupported, kPlace,
                  "output " + std::to_string(i) + " goes from " + std::to_string(range.lowest) +
                      " to " + std::to_string(range.highest) + ", expected finite values");
    }
    join.parts_.push_back({i, first[i].elements(), range.lowest, width > 0 ? 1 / width : 1});
    join.elements_ += first[i].elements();
  }
  if (join.parts_.empty()) {
    return fail(
        ErrorCode::kUnsupported, kPlace,
        "none of " + std::to_string(first.size()) + " outputs is f32, expected one or more");
  }
  for (Part& part : join.parts_) {
    const auto share = static_cast<double>(part.elements) *
                       static_cast<double>(join.parts_.size()) /
                       static_cast<double>(join.elements_);
    part.scale /= static_cast<float>(std::sqrt(share));
  }
  return join;
}

Result<Tensor> AnswerJoin::join(std::vector<Tensor> outputs) const {
  if (!joins()) return std::move(outputs.front());
  Tensor joined(DType::kF32, {elements_});
  std::size_t at = 0;
  for (const Part& part : parts_) {
    CLEAVE_CHECK(check_size(outputs[part.output], part.output, part.elements));
    for (const float value : outputs[part.output].as<float>())
      joined.as<float>()[at++] = (value - part.lowest) * part.scale;
  }
  return joined;
}

}  // namespace cleave::study
