#include "demo_trial.h"

#include <fmt/format.h>

#include "base/stats.h"
#include "data/inputs.h"
#include "edge/answer.h"
#include "edge/run_report.h"

namespace cleave::app {
namespace {

std::int64_t top_index(const edge::FrameResult& result) {
  const auto top = edge::top_class(result.outputs, {});
  return top ? top->index : -1;
}

std::string top_label(const edge::FrameResult& result, const std::vector<std::string>& labels) {
  const auto top = edge::top_class(result.outputs, labels);
  if (!top) return "-";
  // Label files list synonyms; the first will do.
  return top->label.empty() ? fmt::format("class {}", top->index)
                            : top->label.substr(0, top->label.find(','));
}

std::string row_name(const plan::Candidate& candidate) {
  const std::string name(plan::strategy_name(candidate.strategy));
  return candidate.strategy == plan::Strategy::kSplit ? fmt::format("{} at {}", name, candidate.cut)
                                                      : name;
}

Json stages_to_json(const std::array<double, edge::kStageCount>& stage_ms) {
  Json json;
  for (std::size_t i = 0; i < edge::kStageCount; ++i)
    json[fmt::format("{}_ms", edge::stage_name(static_cast<edge::Stage>(i)))] = stage_ms[i];
  return json;
}

std::array<double, edge::kStageCount> stage_medians(const std::vector<edge::FrameResult>& results) {
  std::array<double, edge::kStageCount> medians{};
  for (std::size_t i = 0; i < edge::kStageCount; ++i) {
    std::vector<double> ms;
    for (const edge::FrameResult& result : results)
      ms.push_back(result.stages[static_cast<edge::Stage>(i)].ms());
    medians[i] = summarize(ms).median;
  }
  return medians;
}

}  // namespace

Json to_json(const Link& link, const plan::EnergyModel& energy, const std::vector<TrialRow>& rows) {
  Json list = Json::array();
  for (const TrialRow& r : rows) {
    list.push_back(Json{{"strategy", r.name},
                        {"cut", r.cut},
                        {"planned", r.planned},
                        {"predicted_ms", r.predicted_ms},
                        {"measured_ms", r.measured_ms},
                        {"predicted_terms", plan::to_json(r.terms)},
                        {"measured_stages", stages_to_json(r.stage_ms)},
                        {"energy_mj", r.energy_mj},
                        {"bytes_up", r.bytes_up},
                        {"top", r.top},
                        {"same_as_uncut", r.same},
                        {"right", r.right},
                        {"pictures", r.pictures}});
  }
  return Json{{"link", link.name},
              {"up_mbps", link.up_mbps},
              {"down_mbps", link.down_mbps},
              {"rtt_ms", link.rtt_ms},
              {"energy_model", plan::to_json(energy, link)},
              {"rows", list}};
}

Result<std::vector<edge::FrameResult>> Trial::frames(const edge::RunnerOptions& options,
                                                     int repeat) {
  const auto items = CLEAVE_TRY(data::expand_inputs(options_.pictures));
  const auto runner = CLEAVE_TRY(edge::Runner::create(bundle_, engine_, clock_, options));
  std::vector<edge::FrameResult> results;
  CLEAVE_CHECK(runner->run({.items = items, .warmup = 2, .repeat = repeat, .inflight = 1},
                           [&](edge::FrameResult result) -> Result<void> {
                             if (!result.warmup) results.push_back(std::move(result));
                             return {};
                           }));
  return results;
}

Result<void> Trial::run_uncut() {
  edge::RunnerOptions options;
  options.strategy = "device";
  const auto results = CLEAVE_TRY(frames(options, 1));
  for (const edge::FrameResult& result : results) uncut_.push_back(top_index(result));
  return {};
}

Result<TrialRow> Trial::run(const plan::Candidate& candidate, const Link& link,
                            const std::string& server, const std::string& cut_id) {
  edge::RunnerOptions options;
  options.device.slowdown = options_.slowdown;
  switch (candidate.strategy) {
    case plan::Strategy::kDevice:
      options.strategy = "device";
      break;
    case plan::Strategy::kCloud:
      options.strategy = "cloud";
      break;
    case plan::Strategy::kSplit:
      options.strategy = "split";
      break;
  }
  if (candidate.strategy != plan::Strategy::kDevice) options.server = server;
  if (candidate.strategy == plan::Strategy::kSplit) options.cut = cut_id;
  const auto results = CLEAVE_TRY(frames(options, options_.repeat));

  TrialRow row;
  row.name = row_name(candidate);
  row.cut = candidate.cut;
  row.predicted_ms = candidate.latency_ms;
  row.terms = candidate.terms;
  row.stage_ms = stage_medians(results);
  // Each picture's median, then their mean: a picture's bytes set its time, and the prediction is
  // for the mean of the bytes.
  std::vector<std::vector<double>> latencies_ms(uncut_.size());
  for (const edge::FrameResult& result : results) {
    latencies_ms[result.index % uncut_.size()].push_back(result.latency.ms());
    row.energy_mj += edge::modelled_energy_mj(result, link, options_.energy) /
                     static_cast<double>(results.size());
    row.bytes_up += static_cast<double>(result.bytes_up) / static_cast<double>(results.size());
  }
  for (const std::vector<double>& picture : latencies_ms)
    row.measured_ms += summarize(picture).median / static_cast<double>(latencies_ms.size());
  row.pictures = static_cast<int>(uncut_.size());
  for (std::size_t i = 0; i < uncut_.size(); ++i)
    row.same += top_index(results[i]) == uncut_[i] ? 1 : 0;
  for (std::size_t i = 0; i < options_.classes.size(); ++i)
    row.right += top_index(results[i]) == options_.classes[i] ? 1 : 0;
  row.top = top_label(results.front(), bundle_.manifest().labels);
  return row;
}

}  // namespace cleave::app
