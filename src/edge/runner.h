#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/link.h"
#include "bundle/bundle.h"
#include "data/inputs.h"
#include "edge/device.h"
#include "edge/pipeline.h"
#include "edge/remote.h"
#include "edge/strategy.h"
#include "engine/engine.h"
#include "plan/table.h"

namespace cleave::edge {

struct RunnerOptions {
  std::string strategy = "auto";
  std::string server{};  ///< as wire::Client::connect() takes it; empty: none
  std::string cut{};     ///< for split: the id; empty: the bundle's default
  DeviceOptions device{};
  RemoteOptions remote{};
  Nanos retry_every = std::chrono::seconds(2);  ///< how often `auto` asks for a lost server
  std::optional<plan::PlanTable> table{};       ///< for auto: looked up instead of ranking anew
};

/// Runs a bundle on inputs: the device, the server and the strategy between them.
/// Thread safety: one call at a time. Engine and clock are borrowed.
class Runner {
 public:
  /// Sets everything up; with split and cloud the server must be there. A table must fit the
  /// bundle, see look_up().
  static Result<std::unique_ptr<Runner>> create(bundle::Bundle bundle, engine::Engine& engine,
                                                Clock& clock, const RunnerOptions& options);

  /// Which frames to run, and how many at a time.
  struct Plan {
    std::span<const data::InputItem> items;
    int warmup = 1;
    int repeat = 1;
    int inflight = 1;
  };
  /// As run_pipeline(); warm-up frames reach the sink too, and are answered before the others
  /// begin.
  Result<void> run(const Plan& plan, const FrameSink& sink);
  /// A single frame from depart() to arrive().
  Result<FrameResult> run_frame(Frame frame);

  const bundle::Manifest& manifest() const { return bundle_.manifest(); }
  /// What is known of the link by now; nothing without a server.
  std::optional<Link> measured_link() const;
  /// The factor on the server's times, where `auto` chooses and frames of the last seconds tell it.
  std::optional<double> measured_load() const;

 private:
  Runner(bundle::Bundle bundle, engine::Engine& engine, Clock& clock, const RunnerOptions& options);

  bundle::Bundle bundle_;
  Clock& clock_;
  Device device_;
  std::optional<plan::PlanTable> table_;
  std::unique_ptr<Remote> remote_;
  std::unique_ptr<Strategy> strategy_;
};

}  // namespace cleave::edge
