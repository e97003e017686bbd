// cleave reproduce: makes a paper's tables and figures anew.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "base/json.h"
#include "base/spec.h"
#include "engines.h"
#include "reproduce/bottlenet.h"
#include "reproduce/butterfly.h"
#include "reproduce/jointdnn.h"
#include "reproduce/shared_inference.h"
#include "verbs.h"

namespace cleave::app {
namespace {

/// Of any paper.
struct Args {
  std::string out;
  std::string budget;
  bool no_measuring = false;
  bool json = false;
  reproduce::JointDnnOptions options;  ///< of JointDNN alone: batches and networks
  std::string trained;                 ///< of the chapters on units alone
};

/// What tells one paper's report from another's.
struct Paper {
  std::string_view name;
  std::string_view theirs;  ///< the heading of what its text says
  std::string_view notes;   ///< for people, below the table
  std::string_view files;   ///< beside the figures
  bool has_energy;
  bool has_estimates;
};
constexpr Paper kJointDnn{"jointdnn",
                          "thesis",
                          "energy is modelled; times on the link are bytes over its rate",
                          "claims.csv and plans.csv",
                          true,
                          true};
constexpr Paper kSharedInference{
    "shared-inference",          "paper", "times on the link are bytes over its rate, and the ping",
    "claims.csv and the tables", false,   true};
constexpr Paper kButterfly{"butterfly",
                           "thesis",
                           "energy is modelled; times on the link are bytes over its rate",
                           "claims.csv and partitions.csv",
                           true,
                           false};
constexpr Paper kBottleNet{"bottlenet",
                           "theirs",
                           "energy is modelled; times on the link are bytes over its rate",
                           "claims.csv and partitions.csv",
                           true,
                           false};

Json to_json(const reproduce::Report& report, const Paper& paper) {
  Json claims = Json::array();
  for (const reproduce::Claim& c : report.claims) {
    claims.push_back({{"claim", c.what},
                      {std::string(paper.theirs), c.theirs},
                      {"modelled", c.modelled},
                      {"measured", c.measured}});
  }
  Json json{{"format", "cleave-reproduce/1"}, {"paper", paper.name},
            {"machines", report.machines},    {"claims", claims},
            {"figures", report.figures},      {"left_out", report.left_out}};
  if (paper.has_energy) json["energy_is"] = "modelled";
  return json;
}

void print(const reproduce::Report& report, const Paper& paper, const std::string& out) {
  fmt::print("{:<58} {:<20} {:<34} {}\n", "", paper.theirs, "modelled", "measured");
  for (const reproduce::Claim& claim : report.claims)
    fmt::print("{:<58} {:<20} {:<34} {}\n", claim.what, claim.theirs, claim.modelled,
               claim.measured);
  for (const std::string& machines : report.machines) fmt::print("{}\n", machines);
  fmt::print("{}\n", paper.notes);
  for (const std::string& what : report.left_out) fmt::print("left out: {}\n", what);
  if (paper.has_estimates) fmt::print("~ rests on estimates of groups that were not measured\n");
  fmt::print("{} figures, {} are in {}\n", report.figures.size(), paper.files, out);
}

void show(const reproduce::Report& report, const Paper& paper, const Args& args) {
  if (args.json)
    fmt::print("{}\n", dump_json(to_json(report, paper), 2));
  else
    print(report, paper, args.out);
}

/// What every paper's options have.
template <class Options>
Result<void> set_common(Options& options, const Args& args) {
  const char* data = std::getenv("CLEAVE_DATA");
  options.out = args.out;
  options.data = data == nullptr ? "" : data;
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.budget)) / 1000;
  options.say = [](const std::string& what) { fmt::print(stderr, "reproduce: {}\n", what); };
  return {};
}

Result<int> run_jointdnn(Args args) {
  CLEAVE_CHECK(set_common(args.options, args));
  if (args.no_measuring) args.options.measured_batches.clear();
  const auto engine = CLEAVE_TRY(make_engine("openvino"));
  SteadyClock clock;
  show(CLEAVE_TRY(reproduce::reproduce_jointdnn(args.options, *engine, clock)), kJointDnn, args);
  return 0;
}

Result<int> run_shared_inference(const Args& args) {
  reproduce::SharedInferenceOptions options;
  CLEAVE_CHECK(set_common(options, args));
  options.measure = !args.no_measuring;
  const auto engine = CLEAVE_TRY(make_engine("openvino"));
  SteadyClock clock;
  show(CLEAVE_TRY(reproduce::reproduce_shared_inference(options, *engine, clock)), kSharedInference,
       args);
  return 0;
}

/// Makes a chapter on units.
using MakeUnits = Result<reproduce::Report> (*)(const reproduce::UnitOptions&, engine::Engine&,
                                                Clock&);

Result<int> run_units(const Args& args, const Paper& paper, MakeUnits make) {
  reproduce::UnitOptions options;
  CLEAVE_CHECK(set_common(options, args));
  options.trained = args.trained;
  options.measure = !args.no_measuring;
  const auto engine = CLEAVE_TRY(make_engine("openvino"));
  SteadyClock clock;
  show(CLEAVE_TRY(make(options, *engine, clock)), paper, args);
  return 0;
}

/// What every paper can be asked.
void add_common(CLI::App& command, Args& args, std::string out, std::string budget) {
  args.out = std::move(out);
  args.budget = std::move(budget);
  command.add_option("--out", args.out, "folder of the figures")->capture_default_str();
  command.add_option("--budget", args.budget, "time for each of the profiles")
      ->capture_default_str();
  command.add_flag("--json", args.json, "print one JSON document instead of the table");
  command.add_flag("--no-measuring", args.no_measuring, "only the modelled machines");
}

void add_jointdnn(CLI::App& command, Args& args) {
  add_common(command, args, "jointdnn", "5s");
  command.add_option("--batch", args.options.batches, "batch sizes of the modelled machines")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      .add_option("--measured-batch", args.options.measured_batches,
                  "batch sizes that are measured here")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--network", args.options.networks, "only these, by the thesis's names");
}

void add_units(CLI::App& command, Args& args, std::string out) {
  add_common(command, args, std::move(out), "120s");
  command.add_option("--trained", args.trained,
                     "CSV of networks trained with units, for what needs training");
}

}  // namespace

Action define_reproduce(CLI::App& command) {
  command.require_subcommand(1);
  auto jointdnn_args = std::make_shared<Args>();
  auto shared_args = std::make_shared<Args>();
  auto butterfly_args = std::make_shared<Args>();
  auto bottlenet_args = std::make_shared<Args>();
  add_jointdnn(
      *command.add_subcommand(
          "jointdnn", "Table 2.4 and figures 2.2, 2.3 and 2.8 to 2.14 of the thesis's chapter 2"),
      *jointdnn_args);
  CLI::App* shared = command.add_subcommand(
      "shared-inference", "Figures 2 and 3 and the properties of split layers of Ulhaq and Bajić");
  add_common(*shared, *shared_args, "shared-inference", "30s");
  CLI::App* butterfly = command.add_subcommand(
      "butterfly", "Tables 3.4 and 3.5 and figures 3.5 and 3.7 of the thesis's chapter 3");
  add_units(*butterfly, *butterfly_args, "butterfly");
  CLI::App* bottlenet = command.add_subcommand(
      "bottlenet",
      "Table 4.2 and figures 4.5 and 4.6 of its chapter 4, tables 4 and 5 of BottleNet");
  add_units(*bottlenet, *bottlenet_args, "bottlenet");
  return [=]() -> Result<int> {
    if (shared->parsed()) return run_shared_inference(*shared_args);
    if (butterfly->parsed())
      return run_units(*butterfly_args, kButterfly, reproduce::reproduce_butterfly);
    if (bottlenet->parsed())
      return run_units(*bottlenet_args, kBottleNet, reproduce::reproduce_bottlenet);
    return run_jointdnn(*jointdnn_args);
  };
}

}  // namespace cleave::app
