#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/link.h"
#include "bundle/bundle.h"
#include "edge/runner.h"
#include "plan/cost_model.h"

namespace cleave::app {

/// A strategy over a link: what was predicted and what came of it.
struct TrialRow {
  std::string name;
  std::size_t cut = 0;
  double predicted_ms = 0;
  double measured_ms = 0;                            ///< mean of the pictures' medians
  plan::Terms terms;                                 ///< what `predicted_ms` is the sum of
  std::array<double, edge::kStageCount> stage_ms{};  ///< medians over the frames
  double energy_mj = 0;                              ///< modelled, mean over the frames
  double bytes_up = 0;                               ///< mean
  std::string top;                                   ///< label or class of the first picture
  int same = 0;   ///< pictures whose top-1 is the uncut network's
  int right = 0;  ///< pictures whose top-1 is what they show, where that is known
  int pictures = 0;
  bool planned = false;  ///< the planner's first choice

  double error_percent() const { return 100 * (predicted_ms - measured_ms) / measured_ms; }
};

Json to_json(const Link& link, const plan::EnergyModel& energy, const std::vector<TrialRow>& rows);

/// Sends pictures through a bundle, strategy by strategy. Not thread-safe.
class Trial {
 public:
  struct Options {
    std::vector<std::string> pictures;
    std::vector<std::int64_t> classes{};  ///< what each shows; empty where nobody knows
    double slowdown = 1;
    int repeat = 1;
    plan::EnergyModel energy;
  };
  Trial(bundle::Bundle bundle, engine::Engine& engine, Clock& clock, Options options)
      : bundle_(std::move(bundle)), engine_(engine), clock_(clock), options_(std::move(options)) {}

  /// Runs the uncut network here, for what the others are compared with.
  Result<void> run_uncut();
  /// A split is at the bundle's cut `cut_id`.
  Result<TrialRow> run(const plan::Candidate& candidate, const Link& link,
                       const std::string& server, const std::string& cut_id);

 private:
  Result<std::vector<edge::FrameResult>> frames(const edge::RunnerOptions& options, int repeat);

  bundle::Bundle bundle_;
  engine::Engine& engine_;
  Clock& clock_;
  Options options_;
  std::vector<std::int64_t> uncut_;  ///< top-1 of each picture
};

}  // namespace cleave::app
