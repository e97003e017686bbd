#include "study/split_request.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/file.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.split";
constexpr std::string_view kFormat = "cleave-plan/1";

Result<void> check_plan(const Json& plan, const graph::Model& model) {
  const auto format = CLEAVE_TRY(json_get<std::string>(plan, "format", kPlace));
  if (format != kFormat)
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "format '" + format + "', expected '" + std::string(kFormat) + "'");
  if (plan.contains("training"))
    return fail(ErrorCode::kInvalidArgument, kPlace, "a plan of training, expected inference");
  const auto planned = CLEAVE_TRY(json_get<std::string>(plan, "model_sha256", kPlace));
  const std::string bytes = CLEAVE_TRY(model.to_bytes());
  const std::string sha256 = sha256_hex(as_bytes(bytes));
  if (planned == sha256) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "a plan of another network (" + planned.substr(0, 12) + "…), this one has SHA-256 " +
                  sha256.substr(0, 12) + "…");
}

/// The cut of a schedule that crosses once, from the device to the cloud; else 0.
Result<int> cut_of(const Json& schedule) {
  int cut = 0;
  std::vector<std::string> sides;
  const auto steps = schedule.find("steps");
  if (steps == schedule.end() || !steps->is_array()) return 0;
  for (const Json& step : *steps) {
    if (!step.contains("where")) continue;
    sides.push_back(CLEAVE_TRY(json_get<std::string>(step, "where", kPlace)));
    if (sides.size() == 1) cut = CLEAVE_TRY(json_get<int>(step, "last", kPlace));
  }
  return sides == std::vector<std::string>{"device", "cloud"} ? cut : 0;
}

/// The best split of a ranking; 0 without any.
Result<int> best_split(const Json& plan) {
  const auto ranking = plan.find("ranking");
  if (ranking == plan.end() || !ranking->is_array()) return 0;
  for (const Json& way : *ranking) {
    const auto strategy = CLEAVE_TRY(json_get<std::string>(way, "strategy", kPlace));
    if (strategy == plan::strategy_name(plan::Strategy::kSplit))
      return CLEAVE_TRY(json_get<int>(way, "cut", kPlace));
  }
  return 0;
}

}  // namespace

void add_costs(const plan::Problem& problem, bundle::WriteRequest& request) {
  std::vector<bundle::CutCosts> costs;
  for (const bundle::CutRequest& cut : request.cuts) {
    const auto k = static_cast<std::size_t>(cut.cut->index);
    if (!problem.device.head[k] || !problem.cloud.tail[k] || !problem.codec[k]) return;
    costs.push_back(
        {problem.device.head[k]->median_ms, problem.cloud.tail[k]->median_ms, *problem.codec[k]});
  }
  for (std::size_t i = 0; i < costs.size(); ++i) request.cuts[i].costs = costs[i];
  request.costs = whole_costs(problem);
}

bundle::WholeCosts whole_costs(const plan::Problem& problem) {
  return {problem.device.whole_ms, problem.device.slowdown, problem.cloud.whole_ms,
          *problem.codec.front(), problem.picture};
}

Result<PlannedSplit> split_of_plan(const Json& plan, const graph::Model& model) {
  CLEAVE_CHECK(check_plan(plan, model));
  int cut = CLEAVE_TRY(cut_of(plan.value("schedule", Json::object())));
  PlannedSplit split;
  split.best = cut > 0;
  if (cut == 0) cut = CLEAVE_TRY(best_split(plan));
  if (cut == 0) return fail(ErrorCode::kNotFound, kPlace, "the plan has no split");
  split.cut = std::to_string(cut);
  split.codec = CLEAVE_TRY(json_get<std::string>(plan, "codec", kPlace));
  if (!plan.contains("calibrated")) return split;
  split.calibrated = CLEAVE_TRY(codec::calibrated_values_from_json(
      {{"format", codec::kCalibrationFormat}, {"values", plan.at("calibrated")}}));
  return split;
}

}  // namespace cleave::study
