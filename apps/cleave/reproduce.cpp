// cleave reproduce: makes a paper's tables and figures anew.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "base/json.h"
#include "base/spec.h"
#include "engines.h"
#include "reproduce/jointdnn.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  std::string out = "jointdnn";
  std::string budget = "5s";
  bool no_measuring = false;
  bool json = false;
  reproduce::JointDnnOptions options;
};

Json to_json(const reproduce::Report& result) {
  Json claims = Json::array();
  for (const reproduce::Claim& c : result.claims) {
    claims.push_back({{"claim", c.what},
                      {"thesis", c.theirs},
                      {"modelled", c.modelled},
                      {"measured", c.measured}});
  }
  return {{"format", "cleave-reproduce/1"}, {"paper", "jointdnn"}, {"machines", result.machines},
          {"energy_is", "modelled"},        {"claims", claims},    {"figures", result.figures},
          {"left_out", result.left_out}};
}

void print(const reproduce::Report& result, const std::string& out) {
  fmt::print("{:<58} {:<20} {:<34} {}\n", "", "thesis", "modelled", "measured");
  for (const reproduce::Claim& claim : result.claims)
    fmt::print("{:<58} {:<20} {:<34} {}\n", claim.what, claim.theirs, claim.modelled,
               claim.measured);
  for (const std::string& machines : result.machines) fmt::print("{}\n", machines);
  fmt::print("energy is modelled; times on the link are bytes over its rate\n");
  for (const std::string& what : result.left_out) fmt::print("left out: {}\n", what);
  fmt::print("~ rests on estimates of groups that were not measured\n");
  fmt::print("{} figures, claims.csv and plans.csv are in {}\n", result.figures.size(), out);
}

Result<int> run_jointdnn(Args args) {
  const char* data = std::getenv("CLEAVE_DATA");
  args.options.out = args.out;
  args.options.data = data == nullptr ? "" : data;
  args.options.budget_s = CLEAVE_TRY(parse_duration_ms(args.budget)) / 1000;
  args.options.say = [](const std::string& what) { fmt::print(stderr, "reproduce: {}\n", what); };
  if (args.no_measuring) args.options.measured_batches.clear();
  const auto engine = CLEAVE_TRY(make_engine("openvino"));
  SteadyClock clock;
  const auto result = CLEAVE_TRY(reproduce::reproduce_jointdnn(args.options, *engine, clock));
  if (args.json)
    fmt::print("{}\n", dump_json(to_json(result), 2));
  else
    print(result, args.out);
  return 0;
}

}  // namespace

Action define_reproduce(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.require_subcommand(1);
  CLI::App* jointdnn = command.add_subcommand(
      "jointdnn", "Table 2.4 and figures 2.2, 2.3 and 2.8 to 2.14 of the thesis's chapter 2");
  jointdnn->add_option("--out", args->out, "folder of the figures")->capture_default_str();
  jointdnn->add_option("--budget", args->budget, "time for each of the profiles")
      ->capture_default_str();
  jointdnn->add_option("--batch", args->options.batches, "batch sizes of the modelled machines")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  jointdnn
      ->add_option("--measured-batch", args->options.measured_batches,
                   "batch sizes that are measured here")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  jointdnn->add_option("--network", args->options.networks, "only these, by the thesis's names");
  jointdnn->add_flag("--json", args->json, "print one JSON document instead of the table");
  jointdnn->add_flag("--no-measuring", args->no_measuring, "only the modelled machines");
  return [args] { return run_jointdnn(*args); };
}

}  // namespace cleave::app
