#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "study/problem.h"
#include "study/refine.h"

namespace cleave::study {

/// How values may be sent.
struct CodecOptions {
  std::vector<plan::CodecChoice> choices;  ///< one of them for all values
  double max_loss = kAnyLoss;              ///< of those
  /// Values that were calibrated for what the answers may lose: each may be sent so instead.
  plan::CodecChoice calibrated;
};

/// The best schedule, with what sends its values.
struct PlannedCodec {
  plan::Problem problem;
  PlannedSchedule schedule;
  std::string codec;
  std::set<std::string> calibrated;  ///< the values that are sent as calibrated, if they are sent
};

/// Finds a schedule; may add measurements to the problem's profiles.
using Planner = std::function<Result<PlannedSchedule>(plan::Problem& problem)>;

/// Chooses codec and schedule together: the best of the schedules that `planner` finds with each
/// choice, whose values are sent as calibrated wherever that costs less of the objective; of equal
/// ones, which may send nothing, the one beside which the best split is better.
/// With `raw` among the choices no schedule of least latency is slower than it would be with raw
/// values. `note` (may be empty) is told of choices that can send no cut, which an only one must.
/// `options.choices` is not empty. Fails as the planner and as set_codec().
Result<PlannedCodec> choose_codec(const graph::Model& model, plan::Problem problem,
                                  const CodecOptions& options, plan::Objective objective,
                                  const Planner& planner,
                                  const std::function<void(const std::string&)>& note);

/// A cut whose values some codec sends over some link.
struct CodecRow {
  std::string link;
  std::string codec;
  plan::Candidate way;
  double beside_raw_ms = 0;  ///< its latency less that of the cut's values sent raw

  double sending_ms() const { return way.terms.encode_ms + way.terms.up_ms + way.terms.decode_ms; }
};

/// CodecRow::codec of values that are all sent as they were calibrated.
inline constexpr std::string_view kAsCalibrated = "as calibrated";

/// What every choice and the calibrations come to over each link, by link, cut and latency, at the
/// cuts that are the best for some choice over some link, and at those whose values were all
/// calibrated. One choice has to be `raw`: cuts that it cannot send are left out.
Result<std::vector<CodecRow>> compare_codecs(const graph::Model& model,
                                             const plan::Problem& problem,
                                             const CodecOptions& options,
                                             std::span<const Link> links);

}  // namespace cleave::study
