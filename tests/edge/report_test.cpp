#include "edge/run_report.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "edge/trace.h"

namespace cleave::edge {
namespace {

using std::chrono::milliseconds;

const Link kNoLink;

/// A frame whose every stage takes `stage_ms`, one after the other from `start_ms` on.
FrameRecord record(std::size_t index, int start_ms, int stage_ms, bool warmup = false) {
  FrameRecord record;
  FrameResult& r = record.result;
  r.index = index;
  r.name = "photo " + std::to_string(index) + " \"quoted\".jpg";
  r.warmup = warmup;
  r.strategy = "split";
  r.cut = "3";
  r.bytes_up = 1000 * (index + 1);
  r.bytes_down = 100;
  Nanos at = milliseconds(start_ms);
  r.latency.start = at + milliseconds(stage_ms);  // the preparation is no part of it
  for (std::size_t i = 0; i < kStageCount; ++i) {
    r.stages[static_cast<Stage>(i)] = {at, at + milliseconds(stage_ms)};
    at += milliseconds(stage_ms);
  }
  r.latency.end = at;
  return record;
}

TEST(RunSummary, LeavesTheWarmUpOut) {
  const std::vector<FrameRecord> records{record(0, 1, 500, true), record(0, 10'000, 10),
                                         record(1, 10'100, 20)};
  const RunSummary s = summarize(records);
  EXPECT_EQ(s.frames, 2);
  EXPECT_EQ(s.warmup_frames, 1);
  EXPECT_DOUBLE_EQ(s.latency_ms.mean, (80.0 + 160.0) / 2);
  EXPECT_DOUBLE_EQ(s.stage_ms[static_cast<std::size_t>(Stage::kTail)].max, 20);
  EXPECT_DOUBLE_EQ(s.mean_bytes_up, 1500);
  // From 10,010 ms, when the first was prepared, to 10,280 ms.
  EXPECT_NEAR(s.throughput_fps, 2 / 0.270, 1e-9);
}

TEST(RunSummary, OfNothingIsNothing) {
  EXPECT_EQ(summarize({}).frames, 0);
  const std::vector<FrameRecord> warmup{record(0, 1, 5, true)};
  EXPECT_EQ(summarize(warmup).throughput_fps, 0);
}

TEST(RunReport, HoldsWhatWasMeasured) {
  std::vector<FrameRecord> records{record(0, 10, 10)};
  records[0].top = TopClass{7, "cat", 0.5};
  records[0].result.fallback = "because";
  records[0].energy_mj = 12;
  const Json json = to_json(RunInfo{.bundle = "b", .strategy = "auto"}, records);
  EXPECT_EQ(json["format"], "cleave-run/1");
  EXPECT_EQ(json["frames"][0]["top"]["label"], "cat");
  EXPECT_EQ(json["frames"][0]["fallback"], "because");
  EXPECT_EQ(json["frames"][0]["stages_ms"]["head"], 10);
  EXPECT_EQ(json["summary"]["fallbacks"], 1);
  EXPECT_EQ(json["summary"]["modelled_mean_energy_mj"], 12);
  for (const char* absent : {"measured_link", "measured_load", "table"})
    EXPECT_FALSE(json.contains(absent)) << absent;
  EXPECT_FALSE(json.contains("energy_is"));
}

TEST(RunReport, SaysWhatChoicesRestedOn) {
  const Json json = to_json(RunInfo{.table = "t.json", .measured_load = 2.5}, {});
  EXPECT_EQ(json["table"], "t.json");
  EXPECT_EQ(json["measured_load"], 2.5);
}

TEST(RunReport, SaysWhichModelItsEnergyIsOf) {
  RunInfo info{.bundle = "b", .energy_link = parse_link("4g").value()};
  info.energy.power = "const:mw=5";
  const Json json = to_json(info, {});
  EXPECT_EQ(json["energy_is"], "modelled");
  EXPECT_EQ(json["energy_model"], plan::to_json(info.energy, *info.energy_link));
}

TEST(ModelledEnergy, PricesWhatTheDeviceDid) {
  const FrameRecord r = record(0, 10, 10);
  plan::EnergyModel model;
  model.compute_mw = 2000;
  // No radio: head and encoding, 10 ms each, at 2 W.
  Link link = kNoLink;
  link.up_mbps = link.down_mbps = 8;
  EXPECT_NEAR(modelled_energy_mj(r.result, link, model), 40, 1e-9);
  // 1000 bytes at 8 Mbit/s take 1 ms; 100 bytes 0.1 ms; 1 W for the radio.
  link.radio.beta_mw = 1000;
  EXPECT_NEAR(modelled_energy_mj(r.result, link, model), 40 + 1 + 0.1, 1e-9);
  link.radio.tail_ms = 20;
  link.radio.tail_mw = 500;
  EXPECT_NEAR(modelled_energy_mj(r.result, link, model), 40 + 1 + 0.1 + 10, 1e-9);
}

TEST(Trace, IsValidJsonWithEveryStageOnceAFrame) {
  const std::vector<FrameRecord> records{record(0, 10, 10, true), record(0, 50, 10),
                                         record(1, 55, 10)};
  const auto json = parse_json(make_trace(records), "trace");
  ASSERT_TRUE(json) << json.error().to_string();
  std::map<std::string, int> seen;
  std::map<std::pair<int, int>, std::string> threads;
  for (const Json& event : (*json)["traceEvents"]) {
    if (event["ph"] == "X") ++seen[event["name"]];
    if (event["name"] == "thread_name") {
      threads[{event["pid"], event["tid"]}] = event["args"]["name"];
    }
  }
  for (std::size_t i = 0; i < kStageCount; ++i)
    EXPECT_EQ(seen[std::string(stage_name(static_cast<Stage>(i)))], 3) << i;
  EXPECT_EQ(seen.size(), kStageCount);

  // On one thread nothing overlaps, and every thread has a name.
  std::map<std::pair<int, int>, double> busy_until;
  for (const Json& event : (*json)["traceEvents"]) {
    if (event["ph"] != "X") continue;
    const std::pair<int, int> thread{event["pid"], event["tid"]};
    EXPECT_TRUE(threads.contains(thread));
    EXPECT_GE(event["ts"].get<double>(), busy_until[thread] - 1e-6);
    busy_until[thread] = event["ts"].get<double>() + event["dur"].get<double>();
    EXPECT_GE(event["ts"].get<double>(), 0);
  }
}

TEST(Trace, OfNothingIsStillATrace) {
  const auto json = parse_json(make_trace({}), "trace");
  ASSERT_TRUE(json);
  EXPECT_TRUE((*json)["traceEvents"].is_array());
}

}  // namespace
}  // namespace cleave::edge
