#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "codec/codec.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "study/answer_judge.h"

namespace cleave::study {

/// What one sample's answer is worth after its crossing values were changed.
struct TrialResult {
  double bytes = 0;  ///< what was sent, packet headers included
  SampleScore score;
};

/// Means over samples, each with its interval.
struct TrialSummary {
  Estimate bytes;
  AccuracyReport accuracy;
};

TrialSummary summarize_trial(std::span<const TrialResult> results);

struct CutTrialOptions {
  int threads = 0;                                       ///< 0: every processor
  std::int64_t max_value_bytes = std::int64_t{4} << 30;  ///< that may be kept
  std::vector<int> labels;                               ///< one for each sample, or none
};

/// One cut on trial: what crosses it for every sample and what the uncut network answers are
/// computed once and kept; then ways of changing the crossing values are tried one after another.
///
/// Answers are judged by what the tail makes, see AnswerJudge. Outputs that the head makes are what
/// they are uncut.
///
/// Thread safety: one trial at a time; a trial itself uses every worker.
class CutTrial {
 public:
  /// Changes the crossing values of a sample (in the cut's order) to what the tail is to see, and
  /// returns the bytes that this took. Called from several threads at once.
  using Change = std::function<Result<double>(std::size_t sample, std::vector<Tensor>& values)>;

  /// Errors: no sample; kUnsupported for answers that cannot be compared; kResourceExhausted when
  /// the values need more memory than allowed; the engine's.
  static Result<CutTrial> create(const graph::Model& model, const graph::Cut& cut,
                                 engine::Engine& engine,
                                 std::span<const std::vector<Tensor>> samples,
                                 const CutTrialOptions& options = {});
  CutTrial(CutTrial&&) noexcept;
  CutTrial& operator=(CutTrial&&) noexcept;
  ~CutTrial();

  std::size_t size() const;
  OutputKind kind() const;
  std::span<const Tensor> values(std::size_t sample) const;
  /// All samples of one crossing value.
  std::vector<Tensor> samples_of(std::size_t value) const;
  /// The uncut network's answers, and what scores others: tail() for instance.
  const AnswerJudge& judge() const;

  /// Tries a change on samples [first, first + count), count cut off at the last.
  Result<std::vector<TrialResult>> run(const Change& change, std::size_t first = 0,
                                       std::size_t count = SIZE_MAX);
  /// Sends every crossing value through the codec of its place as bound packets.
  Result<std::vector<TrialResult>> run(std::span<const codec::Codec> codecs, std::size_t first = 0,
                                       std::size_t count = SIZE_MAX);
  /// The tail's answer to some values, joined as AnswerJudge::answer(), on worker `worker` (below
  /// workers()).
  Result<Tensor> tail(std::size_t worker, std::span<const Tensor> values);
  std::size_t workers() const;

 private:
  struct Impl;
  explicit CutTrial(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cleave::study
