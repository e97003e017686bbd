// cleave demo: the main job from end to end, on this machine, with a real server process and a real
// (emulated) link.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/spec.h"
#include "bundle/writer.h"
#include "child_server.h"
#include "demo_network.h"
#include "demo_trial.h"
#include "demo_unit.h"
#include "model_args.h"
#include "plan/planner.h"
#include "power_args.h"
#include "profile/measure.h"
#include "study/problem.h"
#include "study/refine.h"
#include "study/split_request.h"
#include "verbs.h"
#include "wire/link_proxy.h"

namespace cleave::app {
namespace {

namespace fs = std::filesystem;

struct Args {
  /// As in Ulhaq and Bajic: an inference takes 160 ms on their phone and 20 ms on their server.
  double slowdown = 8;
  int repeat = 3;
  std::string codec = "quant:bits=8,range=minmax|zstd:level=3";
  std::string device_budget = "12s";
  std::string cloud_budget = "9s";
  std::string confirm_budget = "10s";
  std::string picture = "jpeg:q=85";
  std::string power = plan::EnergyModel{}.power;
  std::string assets = CLEAVE_ASSETS "/fashion";
  std::string out;
  bool json = false;
};

/// Runs of each group that the prediction will rest on.
constexpr int kConfirmRounds = 15;

/// A folder that is gone when the demo is.
class ScratchFolder {
 public:
  static Result<ScratchFolder> create() {
    std::string name = (fs::temp_directory_path() / "cleave-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      return fail(ErrorCode::kIo, "demo", "cannot make a temporary folder '" + name + "'");
    }
    return ScratchFolder(name);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

/// Says on stderr what is going on; stdout is for the results.
void say(const std::string& what) { fmt::print(stderr, "demo: {}\n", what); }

/// Heads on the slowed device, tails on the whole machine: what a split runs on each.
Result<plan::Problem> measure_problem(const LoadedModel& loaded, const study::Samples& samples,
                                      const Args& args, Clock& clock) {
  profile::MeasureOptions options;
  options.inputs = samples.inputs.front();
  options.layers = false;
  options.engine.threads = 1;
  options.slowdown = args.slowdown;
  options.tails = false;
  options.rounds = 5;
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.device_budget)) / 1000;
  study::ProblemRequest request;
  request.energy = CLEAVE_TRY(plan::read_power(args.power, [&]() -> Result<double> {
    return measure_power_mw(*loaded.engine, CLEAVE_TRY(loaded.model.to_bytes()), options.engine,
                            options.inputs);
  }));
  say(fmt::format("profiling the device: one thread, emulated {:g}x slower by sleeping",
                  args.slowdown));
  request.device = CLEAVE_TRY(profile::measure(loaded.model, *loaded.engine, options, clock));
  options.engine.threads = 0;
  options.slowdown = 1;
  options.heads = false;
  options.tails = true;
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.cloud_budget)) / 1000;
  say("profiling the cloud: all threads");
  request.cloud = CLEAVE_TRY(profile::measure(loaded.model, *loaded.engine, options, clock));
  request.device.model_name = request.cloud.model_name = loaded.name;
  request.link = link_presets().front();
  request.codec = args.codec;
  request.pictures = {CLEAVE_TRY(data::PictureCodec::parse(args.picture))};
  say("measuring what the codec costs at every cut");
  plan::Problem problem =
      CLEAVE_TRY(study::make_problem(loaded.model, *loaded.engine, request, samples, clock));
  say("measuring the best splits again");
  options.rounds = kConfirmRounds;
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.confirm_budget)) / 1000;
  const bool all = CLEAVE_TRY(study::confirm_best_splits(loaded.model, *loaded.engine, problem,
                                                         link_presets(), options, clock));
  if (!all) say("no time to measure all of them again: --confirm-budget gives more");
  return problem;
}

/// The best split for each link, and the first choice of all.
struct LinkPlan {
  Link link;
  plan::Problem problem;
  std::vector<plan::Candidate> ranking;

  const plan::Candidate& best(plan::Strategy strategy) const {
    return *std::ranges::find(ranking, strategy, &plan::Candidate::strategy);
  }
};

Result<std::vector<LinkPlan>> plan_links(const plan::Problem& problem) {
  std::vector<LinkPlan> plans;
  for (const Link& link : link_presets()) {
    LinkPlan p{link, problem, {}};
    p.problem.link = link;
    p.ranking = CLEAVE_TRY(plan::rank_cuts(p.problem, plan::Objective::kLatency));
    plans.push_back(std::move(p));
  }
  return plans;
}

/// One bundle with every cut that some link's plan splits at.
Result<void> write_demo_bundle(const LoadedModel& loaded, const DemoNetwork& network,
                               study::Samples& samples, const std::vector<LinkPlan>& plans,
                               const Args& args, const fs::path& folder) {
  bundle::WriteRequest request;
  request.name = loaded.name + "-split";
  request.model_name = loaded.name;
  request.preprocess = samples.preprocess->spec();
  request.samples = samples.inputs;
  request.labels = network.labels;
  for (const LinkPlan& p : plans) {
    const auto id = std::to_string(p.best(plan::Strategy::kSplit).cut);
    const graph::Cut* cut = CLEAVE_TRY(loaded.model.find_cut(id));
    if (std::ranges::find(request.cuts, cut, &bundle::CutRequest::cut) == request.cuts.end())
      request.cuts.push_back({.cut = cut, .codec = args.codec});
  }
  study::add_costs(plans.front().problem, request);
  return bundle::write_bundle(loaded.model, *loaded.engine, request, folder);
}

void print_head(const LoadedModel& loaded, const DemoNetwork& network, const plan::Problem& problem,
                const Args& args) {
  fmt::print("{}, {} picture(s), {}\n", loaded.name, network.pictures.size(),
             problem.device.machine);
  fmt::print("device: 1 thread, emulated {:g}x slower by sleeping; whole network {:.1f} ms\n",
             args.slowdown, problem.device.whole_ms);
  fmt::print("cloud: {} threads of this machine in a server process; whole network {:.1f} ms\n",
             problem.cloud.threads, problem.cloud.whole_ms);
  fmt::print("links: emulated by a TCP proxy, rates of thesis table 2.3\n");
  fmt::print("energy is modelled: {}, radios of thesis table 2.3, no radio tail\n{}",
             computing_text(problem.energy), server_text(problem));
  fmt::print("split: coded by {}; cloud-only: the input as {}\n", args.codec, problem.picture);
  if (!network.trained) {
    fmt::print("no data: seeded weights and a generated picture, so labels mean nothing\n");
  }
}

void print_unit(const DemoUnit& unit) {
  const bundle::Manifest& manifest = unit.bundle().manifest();
  fmt::print(
      "unit: {} behind layer {}, coded by {}; top-1 on held-out pictures {:.2f} %, uncut "
      "{:.2f} %\n",
      unit.cut().unit, unit.layers(), unit.cut().crossing.front().codec,
      100 * unit.cut().accuracy.value_or(0), 100 * manifest.accuracy.value_or(0));
}

void print_rows(const LinkPlan& p, const std::vector<TrialRow>& rows, bool knows_classes) {
  const Link& link = p.link;
  fmt::print("\n{}: {:g} Mbit/s up, {:g} down, round trip {:g} ms\n", link.name, link.up_mbps,
             link.down_mbps, link.rtt_ms);
  fmt::print("  {:<14} {:>12} {:>11} {:>7} {:>10} {:>9}  {:<24} {}{}\n", "strategy", "predicted ms",
             "measured ms", "error", "energy mJ", "bytes up", "top-1 of the first", "as uncut",
             knows_classes ? "  right" : "");
  for (const TrialRow& r : rows) {
    fmt::print(
        "  {:<14} {:>12.1f} {:>11.1f} {:>+6.1f}% {:>10.1f} {:>9.0f}  {:<24.24} {:>8}{}{}\n", r.name,
        r.predicted_ms, r.measured_ms, r.error_percent(), r.energy_mj, r.bytes_up, r.top,
        fmt::format("{}/{}", r.same, r.pictures),
        knows_classes ? fmt::format("  {:>5}", fmt::format("{}/{}", r.right, r.pictures)) : "",
        r.planned ? "  <- planned" : "");
  }
}

/// Pictures sent in every way over every link.
class Trials {
 public:
  Trials(Trial whole, std::optional<DemoUnit> unit, std::optional<Trial> with_unit)
      : whole_(std::move(whole)), unit_(std::move(unit)), with_unit_(std::move(with_unit)) {}

  const std::optional<DemoUnit>& unit() const { return unit_; }

  Result<void> run_uncut() {
    CLEAVE_CHECK(whole_.run_uncut());
    if (!with_unit_) return {};
    return with_unit_->run_uncut();
  }

  Result<std::vector<TrialRow>> run(const LinkPlan& p, const std::string& server) {
    std::vector<TrialRow> rows;
    for (const auto strategy :
         {plan::Strategy::kDevice, plan::Strategy::kCloud, plan::Strategy::kSplit}) {
      const plan::Candidate& best = p.best(strategy);
      rows.push_back(CLEAVE_TRY(whole_.run(best, p.link, server, std::to_string(best.cut))));
    }
    if (unit_) {
      const plan::Candidate way = unit_->predict(p.problem);
      rows.push_back(CLEAVE_TRY(with_unit_->run(way, p.link, server, unit_->cut().id)));
      rows.back().name = fmt::format("unit at {}", unit_->layers());
    }
    std::ranges::min_element(rows, {}, &TrialRow::predicted_ms)->planned = true;
    return rows;
  }

 private:
  Trial whole_;
  std::optional<DemoUnit> unit_;
  std::optional<Trial> with_unit_;
};

Result<Trials> prepare_trials(const LoadedModel& loaded, const DemoNetwork& network,
                              const study::Samples& samples, const plan::Problem& problem,
                              const Args& args, const fs::path& folder, Clock& clock) {
  const Trial::Options options{.pictures = network.pictures,
                               .classes = network.classes,
                               .slowdown = args.slowdown,
                               .repeat = args.repeat,
                               .energy = problem.energy};
  Trial whole(CLEAVE_TRY(bundle::Bundle::load(folder)), *loaded.engine, clock, options);
  if (network.unit.empty()) return Trials(std::move(whole), std::nullopt, std::nullopt);
  say("measuring the network with its unit");
  DemoUnit unit = CLEAVE_TRY(
      DemoUnit::create(network.unit, loaded.model, *loaded.engine, problem, samples.inputs, clock));
  Trial with_unit(unit.bundle(), *loaded.engine, clock, options);
  return Trials(std::move(whole), std::move(unit), std::move(with_unit));
}

/// The table of every link, or its JSON.
Result<Json> run_links(const std::vector<LinkPlan>& plans, Trials& trials,
                       const std::string& server, const plan::Problem& problem,
                       const DemoNetwork& network, const Args& args) {
  Json links = Json::array();
  for (const LinkPlan& p : plans) {
    wire::LinkProxyOptions options;
    options.target = server;
    options.link = p.link;
    const auto proxy = CLEAVE_TRY(wire::LinkProxy::start(options));
    say("sending pictures over " + p.link.name);
    const std::vector<TrialRow> rows = CLEAVE_TRY(trials.run(p, proxy->address()));
    if (!args.json) print_rows(p, rows, !network.classes.empty());
    links.push_back(to_json(p.link, problem.energy, rows));
  }
  return links;
}

Result<int> run(const Args& args) {
  const char* data = std::getenv("CLEAVE_DATA");
  ScratchFolder scratch = CLEAVE_TRY(ScratchFolder::create());
  const DemoNetwork network =
      CLEAVE_TRY(choose_demo_network(data == nullptr ? "" : data, args.assets, scratch.path()));
  ModelArgs model_args;
  model_args.path = network.model.string();
  LoadedModel loaded = CLEAVE_TRY(load_model(model_args));
  if (!network.name.empty()) loaded.name = network.name;
  study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, network.pictures, network.preprocess, network.pictures.size()));
  SteadyClock clock;
  const plan::Problem problem = CLEAVE_TRY(measure_problem(loaded, samples, args, clock));
  const std::vector<LinkPlan> plans = CLEAVE_TRY(plan_links(problem));

  const fs::path folder = args.out.empty() ? scratch.path() / "bundle" : fs::path(args.out);
  say("writing the bundle");
  CLEAVE_CHECK(write_demo_bundle(loaded, network, samples, plans, args, folder));
  Trials trials =
      CLEAVE_TRY(prepare_trials(loaded, network, samples, problem, args, folder, clock));
  say("starting the server");
  std::vector<std::string> served{folder.string()};
  if (!network.unit.empty()) served.push_back(network.unit.string());
  const ChildServer server = CLEAVE_TRY(ChildServer::start(served));
  CLEAVE_CHECK(trials.run_uncut());
  if (!args.json) print_head(loaded, network, problem, args);
  if (!args.json && trials.unit()) print_unit(*trials.unit());
  const Json links = CLEAVE_TRY(run_links(plans, trials, server.address(), problem, network, args));
  if (args.json) {
    const Json json{{"format", "cleave-demo/1"},
                    {"model", loaded.name},
                    {"trained", network.trained},
                    {"emulated_slowdown", args.slowdown},
                    {"links_are", "emulated"},
                    {"energy_is", "modelled"},
                    {"links", links}};
    fmt::print("{}\n", dump_json(json, 2));
  }
  return 0;
}

}  // namespace

Action define_demo(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.add_option("--slowdown", args->slowdown, "emulate a device so many times slower")
      ->check(CLI::Range(1.0, 1000.0))
      ->capture_default_str();
  command.add_option("--repeat", args->repeat, "times each picture is sent")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--codec", args->codec, "what codes the values that cross")
      ->capture_default_str();
  command.add_option("--device-budget", args->device_budget, "time for the device's profile")
      ->capture_default_str();
  command.add_option("--cloud-budget", args->cloud_budget, "time for the cloud's profile")
      ->capture_default_str();
  command
      .add_option("--confirm-budget", args->confirm_budget,
                  "time for measuring the best splits again")
      ->capture_default_str();
  command.add_option("--picture", args->picture, picture_help("how cloud-only sends the picture"))
      ->capture_default_str();
  add_power_arg(command, args->power);
  command
      .add_option("--assets", args->assets,
                  "the network, its unit and pictures for when CLEAVE_DATA is not set; empty: a "
                  "network with seeded weights")
      ->capture_default_str();
  command.add_option("--out", args->out, "keep the bundle in this folder");
  command.add_flag("--json", args->json, "print one JSON document instead of the tables");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
