#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/slowed_session.h"
#include "graph/model.h"
#include "plan/schedule.h"
#include "wire/client.h"

namespace cleave::study {

/// A run of layers on one side, as a network of its own; values by name.
struct Stretch {
  plan::ScheduledGroup group;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;

  /// What its server calls it: "layers_4_17".
  std::string model_name() const;
};

/// A schedule as it runs on servers that keep nothing from one request to the next: each request
/// carries all that its stretch reads, each answer all that any later one does.
struct RunnableSchedule {
  std::vector<Stretch> stretches;
  /// What goes up although a plan has it in the cloud already, and down before that where the cloud
  /// made it. Where nothing is listed, the transfers are those of plan::evaluate().
  std::vector<std::string> sent_again;
};

/// Fails with kInvalidArgument when the groups do not cover the network's layers in order.
Result<RunnableSchedule> make_runnable(const graph::Model& model,
                                       const std::vector<plan::ScheduledGroup>& groups);

/// Writes the cloud's stretches of the schedules as MODEL_NAME.onnx, for `cleave serve`, each once.
/// Returns the paths. Fails as Model::extract_segment() and with kIo.
Result<std::vector<std::filesystem::path>> write_cloud_stretches(
    const graph::Model& model, const std::vector<RunnableSchedule>& schedules,
    const std::filesystem::path& folder);

/// What a schedule gave, and how long that took from the inputs to the last output.
struct ScheduleRun {
  std::vector<Tensor> outputs;  ///< in the network's order
  double latency_ms = 0;
};

/// Runs schedules of one network: the device's stretches here, the cloud's on a server, one after
/// the other, by plain tensors. Not thread-safe. Model, engine and clock must outlive it.
class ScheduleRunner {
 public:
  ScheduleRunner(const graph::Model& model, engine::Engine& engine,
                 const engine::EngineOptions& options, Clock& clock)
      : model_(model), engine_(engine), options_(options), clock_(clock) {}

  /// Compiles the device's stretches; one that several schedules share is compiled once.
  Result<void> compile(const RunnableSchedule& schedule);

  /// Runs a compiled schedule on a full set of inputs, in the model's order. `slowdown` emulates
  /// the device where it runs layers and where it writes requests; what the plan has for free, the
  /// reading of answers, it does not slow. Fails as Session::run() and Client::infer(); with
  /// kInvalidArgument for a wrong count of inputs, kNotFound for a stretch that is not compiled,
  /// kCorrupt when an answer lacks an output.
  Result<ScheduleRun> run(const RunnableSchedule& schedule, const std::vector<Tensor>& inputs,
                          wire::Client& client, const engine::Slowdown& slowdown);

 private:
  using Values = std::map<std::string, Tensor>;

  Result<void> run_here(const Stretch& stretch, Values& values, const engine::Slowdown& slowdown);
  Result<void> run_there(const Stretch& stretch, Values& values, wire::Client& client,
                         const engine::Slowdown& slowdown) const;

  const graph::Model& model_;
  engine::Engine& engine_;
  engine::EngineOptions options_;
  Clock& clock_;
  std::map<std::pair<int, int>, std::unique_ptr<engine::Session>> sessions_;  // by layers
};

}  // namespace cleave::study
