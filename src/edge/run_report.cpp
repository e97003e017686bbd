#include "edge/run_report.h"

#include <algorithm>

namespace cleave::edge {
namespace {

Json to_json(const Summary& s) {
  return Json{{"frames", s.count}, {"mean", s.mean}, {"p50", s.median}, {"p90", s.p90},
              {"p95", s.p95},      {"p99", s.p99},   {"min", s.min},    {"max", s.max}};
}

bool had(const FrameResult& result, Stage stage) { return result.stages[stage].end > Nanos(0); }

Json stages_to_json(const FrameResult& result) {
  Json stages = Json::object();
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    if (had(result, stage)) stages[std::string(stage_name(stage))] = result.stages[stage].ms();
  }
  return stages;
}

Json to_json(const FrameRecord& record) {
  const FrameResult& r = record.result;
  Json json{{"index", r.index},
            {"name", r.name},
            {"warmup", r.warmup},
            {"strategy", r.strategy},
            {"latency_ms", r.latency.ms()},
            {"stages_ms", stages_to_json(r)},
            {"bytes_up", r.bytes_up},
            {"bytes_down", r.bytes_down}};
  if (!r.cut.empty()) json["cut"] = r.cut;
  if (!r.fallback.empty()) json["fallback"] = r.fallback;
  if (record.energy_mj) json["modelled_energy_mj"] = *record.energy_mj;
  if (record.top) {
    json["top"] = Json{{"index", record.top->index}, {"score", record.top->score}};
    if (!record.top->label.empty()) json["top"]["label"] = record.top->label;
  }
  return json;
}

Json to_json(const RunSummary& s) {
  Json stages = Json::object();
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (s.stage_ms[i].count > 0)
      stages[std::string(stage_name(static_cast<Stage>(i)))] = to_json(s.stage_ms[i]);
  }
  Json json{{"frames", s.frames},
            {"warmup_frames", s.warmup_frames},
            {"fallbacks", s.fallbacks},
            {"throughput_fps", s.throughput_fps},
            {"latency_ms", to_json(s.latency_ms)},
            {"stages_ms", stages},
            {"mean_bytes_up", s.mean_bytes_up},
            {"mean_bytes_down", s.mean_bytes_down}};
  if (s.mean_energy_mj) json["modelled_mean_energy_mj"] = *s.mean_energy_mj;
  return json;
}

Json to_json(const Link& link) {
  return Json{{"name", link.name},
              {"up_mbps", link.up_mbps},
              {"down_mbps", link.down_mbps},
              {"rtt_ms", link.rtt_ms}};
}

}  // namespace

RunSummary summarize(std::span<const FrameRecord> records) {
  RunSummary s;
  std::vector<double> latency;
  std::array<std::vector<double>, kStageCount> stages;
  std::optional<Span> whole;
  double energy = 0;
  for (const FrameRecord& record : records) {
    const FrameResult& r = record.result;
    if (r.warmup) {
      ++s.warmup_frames;
      continue;
    }
    ++s.frames;
    s.fallbacks += !r.fallback.empty();
    s.mean_bytes_up += static_cast<double>(r.bytes_up);
    s.mean_bytes_down += static_cast<double>(r.bytes_down);
    energy += record.energy_mj.value_or(0);
    latency.push_back(r.latency.ms());
    for (std::size_t i = 0; i < kStageCount; ++i) {
      const auto stage = static_cast<Stage>(i);
      if (had(r, stage)) stages[i].push_back(r.stages[stage].ms());
    }
    if (!whole) whole = r.latency;
    whole = Span{std::min(whole->start, r.latency.start), std::max(whole->end, r.latency.end)};
  }
  s.latency_ms = cleave::summarize(std::move(latency));
  for (std::size_t i = 0; i < kStageCount; ++i)
    s.stage_ms[i] = cleave::summarize(std::move(stages[i]));
  if (s.frames == 0) return s;
  s.mean_bytes_up /= s.frames;
  s.mean_bytes_down /= s.frames;
  if (records.back().energy_mj) s.mean_energy_mj = energy / s.frames;
  if (whole->ms() > 0) s.throughput_fps = s.frames * 1000.0 / whole->ms();
  return s;
}

double modelled_energy_mj(const FrameResult& result, const Link& link,
                          const plan::EnergyModel& model) {
  const double compute_ms = result.stages[Stage::kHead].ms() + result.stages[Stage::kEncode].ms();
  return plan::device_energy_mj(model, link, compute_ms, static_cast<double>(result.bytes_up),
                                static_cast<double>(result.bytes_down));
}

Json to_json(const RunInfo& info, std::span<const FrameRecord> records) {
  Json json{{"format", "cleave-run/1"},    {"bundle", info.bundle},
            {"strategy", info.strategy},   {"server", info.server},
            {"inflight", info.inflight},   {"threads", info.threads},
            {"precision", info.precision}, {"emulated_slowdown", info.emulated_slowdown},
            {"stream", info.stream}};
  if (!info.table.empty()) json["table"] = info.table;
  if (info.measured_link) json["measured_link"] = to_json(*info.measured_link);
  if (info.measured_load) json["measured_load"] = *info.measured_load;
  if (info.energy_link) {
    json["energy_link"] = to_json(*info.energy_link);
    json["energy_is"] = "modelled";
    json["energy_model"] = plan::to_json(info.energy, *info.energy_link);
  }
  json["summary"] = to_json(summarize(records));
  Json frames = Json::array();
  for (const FrameRecord& record : records) frames.push_back(to_json(record));
  json["frames"] = frames;
  return json;
}

}  // namespace cleave::edge
