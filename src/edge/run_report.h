#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/link.h"
#include "base/stats.h"
#include "edge/answer.h"
#include "edge/frame.h"
#include "plan/cost_model.h"

namespace cleave::edge {

/// A result without its outputs, and what was read from them.
struct FrameRecord {
  FrameResult result;
  std::optional<TopClass> top;
  std::optional<double> energy_mj;  ///< modelled
};

/// Figures of a run: frames of the warm-up are left out of all of them.
struct RunSummary {
  int frames = 0;
  int warmup_frames = 0;
  int fallbacks = 0;
  double throughput_fps = 0;  ///< frames over the time from the first one's start to the last's end
  Summary latency_ms;
  /// Over the frames that had the stage.
  std::array<Summary, kStageCount> stage_ms;
  double mean_bytes_up = 0;
  double mean_bytes_down = 0;
  std::optional<double> mean_energy_mj;  ///< modelled
};

RunSummary summarize(std::span<const FrameRecord> records);

/// The device's energy for a frame, modelled: what was measured of head and encoding at the model's
/// power, and the frame's bytes over `link` with its radio.
double modelled_energy_mj(const FrameResult& result, const Link& link,
                          const plan::EnergyModel& model);

/// What a run was, beside its frames.
struct RunInfo {
  std::string bundle{};
  std::string strategy{};
  std::string server{};
  int inflight = 1;
  int threads = 1;
  std::string precision{};
  double emulated_slowdown = 1;
  bool stream = false;  ///< what crossed a cut was coded as what changed
  std::string table{};  ///< the file that choices were looked up in; empty: none
  std::optional<Link> measured_link{};
  std::optional<double> measured_load{};  ///< factor on the server's times, see LoadEstimator
  std::optional<Link> energy_link{};      ///< whose radio the modelled energy is of
  plan::EnergyModel energy{};             ///< where there is such a link
};

/// "cleave-run/1", docs/formats/run.md.
Json to_json(const RunInfo& info, std::span<const FrameRecord> records);

}  // namespace cleave::edge
