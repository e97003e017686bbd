// Whether planned schedules hold, those with several crossings included: the one that
// study::refine_schedule() chooses for latency is run through a real `cleave serve` and an emulated
// link, its layers on the device by a slowed session, and its time set beside the prediction. In
// the same interleaved rounds run the next best by the same prediction, of all schedules with at
// most two crossings, and some drawn at random with at most four: does any of them beat it?
//
// Everything is sent as plain tensors and the server keeps nothing between requests. Schedules for
// which it would have to are not among the others; a planned one sends again, and it is said. The
// predictions of the others rest on estimates where no group was measured, so only the planned one
// is held to its own.
//
// Before each timed run the schedule runs once past the link, and rests: so were the groups
// profiled, and so a frame that follows another finds the machine. Other load on the machine may
// have changed since the profiles, and the emulated device makes eight of each millisecond that it
// costs: each round runs the uncut network on the device too, and beside the error stands the one
// with the device's share of the prediction scaled to the speed that it has now.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/random.h"
#include "base/stats.h"
#include "bundle/tolerance.h"
#include "engine/openvino_engine.h"
#include "measured_network.h"
#include "report.h"
#include "serve_process.h"
#include "study/explain.h"
#include "study/joined.h"
#include "study/refine.h"
#include "study/schedule_runner.h"
#include "wire/link_proxy.h"

namespace cleave::bench {
namespace {

using Groups = std::vector<plan::ScheduledGroup>;

constexpr std::size_t kNextBest = 5;
constexpr std::size_t kRandom = 5;
constexpr std::size_t kMostRandomCrossings = 4;
constexpr int kRandomTries = 2000;
constexpr std::uint64_t kSeed = 1;
constexpr int kMostRounds = 9;

/// How long each part may take.
struct Effort {
  ProfileBudget profile;
  double refine_s = 0;  ///< for each link
  double rounds_s = 0;  ///< for each link
  int least_rounds = 3;
  double slowest_random_ms = 0;  ///< by the prediction; no slower one is drawn
};

Effort effort_of(const Arguments& arguments) {
  if (arguments.quick) return {{5, 3}, 5, 5, 1, 2'000};
  if (arguments.full) return {{60, 30}, 60, 120, 5, 10'000};
  return {{8, 4}, 5, 10, 3, 1'500};
}

/// A schedule on trial.
struct Trial {
  std::string name;
  plan::Schedule predicted;
  study::RunnableSchedule runnable;
  std::vector<double> measured_ms;

  double median_ms() const { return summarize(measured_ms).median; }
};

/// Stretches that end at these layers, in turn from this side on.
Groups in_turn(const std::vector<int>& ends, plan::Side side) {
  Groups groups;
  for (const int end : ends) {
    groups.push_back({groups.empty() ? 1 : groups.back().last + 1, end, side});
    side = plan::other(side);
  }
  return groups;
}

/// Every schedule with at most two crossings that the problem allows, best first.
std::vector<plan::Schedule> rank_schedules(const plan::NetworkProblem& network,
                                           const graph::Model& model) {
  std::vector<std::vector<int>> all{{network.layers}};
  for (const graph::Cut& a : model.cuts()) {
    all.push_back({a.index, network.layers});
    for (const graph::Cut& b : model.cuts())
      if (a.index < b.index) all.push_back({a.index, b.index, network.layers});
  }
  std::vector<plan::Schedule> ranking;
  for (const std::vector<int>& ends : all) {
    for (const plan::Side side : {plan::Side::kDevice, plan::Side::kCloud})
      if (auto schedule = plan::evaluate(network, in_turn(ends, side)))
        ranking.push_back(*std::move(schedule));
  }
  std::ranges::stable_sort(ranking, {}, &plan::Schedule::latency_ms);
  return ranking;
}

Groups draw(const graph::Model& model, Random& random) {
  std::vector<int> ends;
  for (std::uint64_t i = random.below(kMostRandomCrossings + 1); i > 0; --i)
    ends.push_back(model.cuts()[random.below(model.cuts().size())].index);
  ends.push_back(static_cast<int>(model.layers().size()));
  std::ranges::sort(ends);
  const auto repeated = std::ranges::unique(ends);
  ends.erase(repeated.begin(), repeated.end());
  return in_turn(ends, random.below(2) == 0 ? plan::Side::kDevice : plan::Side::kCloud);
}

/// The schedules that run beside each other: the planned one first.
class Field {
 public:
  Field(const MeasuredNetwork& network, const plan::NetworkProblem& problem)
      : network_(network), problem_(problem) {}

  Result<std::vector<Trial>> choose(const plan::Schedule& planned, double slowest_random_ms) {
    auto runnable = CLEAVE_TRY(study::make_runnable(network_.model, planned.groups));
    trials_.push_back({"planned", planned, std::move(runnable), {}});
    for (const plan::Schedule& schedule : rank_schedules(problem_, network_.model)) {
      if (trials_.size() == 1 + kNextBest) break;
      CLEAVE_CHECK(add(fmt::format("next {}", trials_.size()), schedule));
    }
    const std::size_t before = trials_.size();
    Random random(kSeed);
    for (int i = 0; i < kRandomTries && trials_.size() < before + kRandom; ++i) {
      const auto schedule = plan::evaluate(problem_, draw(network_.model, random));
      if (!schedule || schedule->latency_ms >= slowest_random_ms) continue;
      CLEAVE_CHECK(add(fmt::format("random {}", trials_.size() - before + 1), *schedule));
    }
    return std::move(trials_);
  }

 private:
  /// Unless it is there already, or the server would have to keep a value.
  Result<void> add(std::string name, const plan::Schedule& schedule) {
    const Groups stretches = plan::stretches_of(schedule.groups);
    for (const Trial& other : trials_)
      if (plan::stretches_of(other.predicted.groups) == stretches) return {};
    auto runnable = CLEAVE_TRY(study::make_runnable(network_.model, schedule.groups));
    if (runnable.sent_again.empty())
      trials_.push_back({std::move(name), schedule, std::move(runnable), {}});
    return {};
  }

  const MeasuredNetwork& network_;
  const plan::NetworkProblem& problem_;
  std::vector<Trial> trials_;
};

/// Runs the trials of one network over one link.
class Arena {
 public:
  Arena(const MeasuredNetwork& network, engine::Engine& engine, Clock& clock)
      : network_(network),
        engine_(engine),
        clock_(clock),
        slowdown_(kDeviceSlowdown, clock),
        runner_(network.model, engine, {.threads = 1}, clock) {}

  /// Compiles the device's stretches, serves the cloud's, and learns the uncut network's answer.
  Result<void> open(const std::vector<Trial>& trials) {
    std::vector<study::RunnableSchedule> schedules;
    for (const Trial& trial : trials) schedules.push_back(trial.runnable);
    const int layers = static_cast<int>(network_.model.layers().size());
    uncut_ = CLEAVE_TRY(study::make_runnable(network_.model, {{1, layers, plan::Side::kDevice}}));
    CLEAVE_CHECK(runner_.compile(uncut_));
    for (const study::RunnableSchedule& schedule : schedules)
      CLEAVE_CHECK(runner_.compile(schedule));
    const auto files =
        CLEAVE_TRY(study::write_cloud_stretches(network_.model, schedules, scratch_.path()));
    server_ = CLEAVE_TRY(ServeProcess::start({files.begin(), files.end()}));
    wire::LinkProxyOptions options;
    options.target = server_->grpc_address();
    options.link = network_.problem.link;
    proxy_ = CLEAVE_TRY(wire::LinkProxy::start(options));
    past_link_ = CLEAVE_TRY(wire::Client::connect(server_->grpc_address()));
    over_link_ = CLEAVE_TRY(wire::Client::connect(proxy_->address()));
    CLEAVE_CHECK(over_link_->live(std::chrono::seconds(10)));
    const auto whole = CLEAVE_TRY(engine_.compile(CLEAVE_TRY(network_.model.to_bytes()), {}));
    expected_ = CLEAVE_TRY(whole->run(network_.inputs));
    return {};
  }

  Result<void> run(Trial& trial) {
    CLEAVE_CHECK(runner_.run(trial.runnable, network_.inputs, *past_link_, slowdown_));
    clock_.sleep_until(clock_.now() + from_ms(profile::kIdleMs));
    const auto run =
        CLEAVE_TRY(runner_.run(trial.runnable, network_.inputs, *over_link_, slowdown_));
    trial.measured_ms.push_back(run.latency_ms);
    for (std::size_t i = 0; i < expected_.size(); ++i)
      difference_ =
          std::max(difference_, bundle::relative_difference(run.outputs[i], expected_[i]));
    return {};
  }

  /// Runs the uncut network on the device, as it was profiled: again after its sleep.
  Result<void> run_uncut() {
    CLEAVE_CHECK(runner_.run(uncut_, network_.inputs, *past_link_, slowdown_));
    const auto run = CLEAVE_TRY(runner_.run(uncut_, network_.inputs, *past_link_, slowdown_));
    uncut_ms_.push_back(run.latency_ms);
    return {};
  }

  /// What the device takes now, over what it took when it was profiled.
  double drift() const { return summarize(uncut_ms_).median / network_.problem.device.whole_ms; }
  /// The largest from the uncut network's answer, of an output's range.
  double difference() const { return difference_; }

 private:
  const MeasuredNetwork& network_;
  engine::Engine& engine_;
  Clock& clock_;
  engine::Slowdown slowdown_;
  study::ScheduleRunner runner_;
  ScratchFolder scratch_;
  std::unique_ptr<ServeProcess> server_;
  std::unique_ptr<wire::LinkProxy> proxy_;
  std::unique_ptr<wire::Client> past_link_;
  std::unique_ptr<wire::Client> over_link_;
  std::vector<Tensor> expected_;
  study::RunnableSchedule uncut_;
  std::vector<double> uncut_ms_;
  double difference_ = 0;
};

/// As many rounds as fit the time by the predictions.
int rounds_for(const std::vector<Trial>& trials, const Effort& effort) {
  double round_ms = 0;
  for (const Trial& trial : trials) round_ms += trial.predicted.latency_ms;
  return std::clamp(static_cast<int>(effort.rounds_s * 1000 / round_ms), effort.least_rounds,
                    kMostRounds);
}

/// What a schedule's layers take on the device, by the prediction.
Result<double> device_ms_of(const plan::NetworkProblem& problem, const plan::Schedule& schedule) {
  const auto steps = CLEAVE_TRY(plan::steps_of(problem, schedule.groups));
  double ms = 0;
  for (const plan::ScheduleStep& step : steps)
    if (step.side == plan::Side::kDevice) ms += step.cost.ms;
  return ms;
}

/// Percent that the prediction is off, its share on the device scaled.
double error_percent(const Trial& trial, double device_ms, double scale) {
  const double predicted_ms = trial.predicted.latency_ms + device_ms * (scale - 1);
  return 100 * std::abs(predicted_ms / trial.median_ms() - 1);
}

void report_trials(const graph::Model& model, const std::vector<Trial>& trials, Report& report) {
  const Trial& planned = trials.front();
  for (const std::string& name : planned.runnable.sent_again)
    fmt::print("  value '{}' is sent again: the plan has it in the cloud already\n", name);
  double best_ms = planned.median_ms();
  for (const Trial& trial : trials) {
    fmt::print("  {}: {}\n", trial.name, study::describe(model, trial.predicted.groups));
    report.add(trial.name + " predicted", trial.predicted.latency_ms, "ms");
    report.add(trial.name + " measured", trial.median_ms(), "ms");
    best_ms = std::min(best_ms, trial.median_ms());
  }
  report.add("planned / best of them", planned.median_ms() / best_ms, "", at_most(1.03));
}

Result<void> try_link(MeasuredNetwork& network, const Link& link, engine::Engine& engine,
                      const Effort& effort, Report& report) {
  SteadyClock clock;
  network.problem.link = link;
  const auto planned = CLEAVE_TRY(study::refine_schedule(
      network.model, engine, network.problem, {}, network.group_options(effort.refine_s), clock));
  auto trials = CLEAVE_TRY(
      Field(network, planned.problem).choose(planned.solution.schedule, effort.slowest_random_ms));
  Arena arena(network, engine, clock);
  CLEAVE_CHECK(arena.open(trials));
  const int rounds = rounds_for(trials, effort);
  for (int round = 0; round < rounds; ++round) {
    CLEAVE_CHECK(arena.run_uncut());
    for (std::size_t i = 0; i < trials.size(); ++i)
      CLEAVE_CHECK(arena.run(trials[(i + static_cast<std::size_t>(round)) % trials.size()]));
  }
  report.section(
      fmt::format("{} over {}", network.name, link.name),
      fmt::format("medians of {} interleaved rounds, the planned one {}", rounds,
                  planned.measured_through() ? "measured through" : "resting on an estimate"));
  report_trials(network.model, trials, report);
  const double device_ms = CLEAVE_TRY(device_ms_of(planned.problem, trials.front().predicted));
  report.add("planned, error", error_percent(trials.front(), device_ms, 1), "%", at_most(10));
  report.add("device now / when profiled", arena.drift(), "");
  report.add("planned, error at the device's speed now",
             error_percent(trials.front(), device_ms, arena.drift()), "%", at_most(10));
  report.add("largest difference from the uncut network", arena.difference(), "of range",
             at_most(study::kJoinedTolerance));
  return {};
}

Result<std::vector<NetworkFile>> networks(const ScratchFolder& scratch) {
  std::vector<NetworkFile> files;
  const auto data = data_folder();
  const auto squeezenet = data.value_or("") / "models" / "squeezenet1.1.onnx";
  if (data && std::filesystem::exists(squeezenet)) {
    files.push_back({"squeezenet1.1", squeezenet});
  } else {
    fmt::print("squeezenet1.1 is skipped: CLEAVE_DATA is not set, or has no {}\n",
               squeezenet.string());
  }
  for (const char* name : {"resnet50", "vgg16", "pix2pix"})
    files.push_back(CLEAVE_TRY(zoo_network(name, scratch)));
  return files;
}

Result<void> run(const Arguments& arguments, Report& report) {
  const Effort effort = effort_of(arguments);
  const ScratchFolder scratch;
  const auto engine = engine::make_openvino_engine();
  SteadyClock clock;
  const auto files = CLEAVE_TRY(networks(scratch));
  for (const NetworkFile& file : files) {
    if (!arguments.wants(file.name)) continue;
    auto network = CLEAVE_TRY(measure_network(file, *engine, effort.profile, clock));
    for (const Link& link : link_presets())
      CLEAVE_CHECK(try_link(network, link, *engine, effort, report));
  }
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("schedules", argc, argv, cleave::bench::run);
}
