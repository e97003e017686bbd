#include "measured_network.h"

#include "base/link.h"
#include "engine/type_inference.h"
#include "study/problem.h"
#include "study/samples.h"

namespace cleave::bench {
namespace {

constexpr int kRounds = 5;

Result<graph::Model> load(const NetworkFile& file, engine::Engine& engine) {
  graph::LoadOptions options;
  options.infer = engine::type_inference(engine);
  return graph::Model::load(file.path, options);
}

}  // namespace

profile::MeasureOptions MeasuredNetwork::group_options(double budget_s) const {
  profile::MeasureOptions options;
  options.inputs = inputs;
  options.rounds = kRounds;
  options.layers = false;
  options.budget_s = budget_s;
  return options;
}

Result<MeasuredNetwork> measure_network(const NetworkFile& file, engine::Engine& engine,
                                        const ProfileBudget& budget, Clock& clock) {
  graph::Model model = CLEAVE_TRY(load(file, engine));
  const study::Samples samples = CLEAVE_TRY(study::load_samples(model, {}, "", 1));
  MeasuredNetwork network{file.name, std::move(model), samples.inputs.front(), {}};
  study::ProblemRequest request;
  request.codec = "raw";
  request.link = link_presets().front();
  profile::MeasureOptions options = network.group_options(budget.cloud_s);
  request.cloud = CLEAVE_TRY(profile::measure(network.model, engine, options, clock));
  options = network.group_options(budget.device_s);
  options.engine.threads = 1;
  options.slowdown = kDeviceSlowdown;
  request.device = CLEAVE_TRY(profile::measure(network.model, engine, options, clock));
  network.problem = CLEAVE_TRY(study::make_problem(network.model, engine, request, samples, clock));
  return network;
}

}  // namespace cleave::bench
