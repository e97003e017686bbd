// cleave choose: which of a bundle's ways a client takes, by link and load.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/json.h"
#include "bundle/bundle.h"
#include "edge/ways.h"
#include "plan/planner.h"
#include "plan/scaling.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  std::string bundle;
  std::vector<std::string> links;
  std::vector<double> cloud_loads{1, 2, 5, 10, 20, 50, 100};
  double device_load = 1;
  std::string objective = "latency";
  bool json = false;
};

/// A way for a link and a load, and what it is predicted to cost.
struct Row {
  Link link;
  double cloud_load = 1;
  plan::Candidate best;
  const bundle::CutEntry* cut = nullptr;  ///< nothing for the device or the cloud alone
};

class Chooser {
 public:
  Chooser(const bundle::Manifest& manifest, edge::WayCosts costs)
      : manifest_(manifest), costs_(std::move(costs)) {}

  Result<Row> choose(const Link& link, double device_load, double cloud_load,
                     plan::Objective objective) const {
    plan::Problem problem =
        edge::make_problem(manifest_, costs_, manifest_.costs->device_slowdown, link);
    plan::load_device(problem, device_load);
    plan::load_server(problem, cloud_load);
    const auto ranking = CLEAVE_TRY(plan::rank_cuts(problem, objective));
    Row choice{link, cloud_load, ranking.front()};
    const std::size_t way = choice.best.cut;
    if (way > 0 && way <= manifest_.cuts.size()) choice.cut = &manifest_.cuts[way - 1];
    return choice;
  }

 private:
  const bundle::Manifest& manifest_;
  edge::WayCosts costs_;
};

std::string name_of(const Row& choice) {
  return choice.cut != nullptr ? "cut " + choice.cut->id
                               : std::string(plan::strategy_name(choice.best.strategy));
}

Json to_json(const Args& args, const bundle::Manifest& manifest, const std::vector<Row>& choices) {
  Json list = Json::array();
  for (const Row& c : choices) {
    Json row{{"link", c.link.name},
             {"cloud_load", c.cloud_load},
             {"strategy", plan::strategy_name(c.best.strategy)},
             {"latency_ms", c.best.latency_ms},
             {"energy_mj", c.best.energy_mj},
             {"bytes_up", c.best.bytes_up}};
    if (c.cut != nullptr) row["cut"] = c.cut->id;
    list.push_back(row);
  }
  return {{"format", "cleave-choice/1"},
          {"bundle", manifest.name},
          {"objective", args.objective},
          {"device_load", args.device_load},
          {"emulated_slowdown", manifest.costs->device_slowdown},
          {"energy_is", "modelled"},
          {"choices", list}};
}

void print(const Args& args, const bundle::Manifest& manifest, const std::vector<Row>& choices) {
  for (const bundle::CutEntry& cut : manifest.cuts)
    fmt::print("cut {:<6} after {}, {}, coded by {}{}\n", cut.id, cut.after_layer,
               cut.unit.empty() ? "no unit" : cut.unit, cut.crossing.front().codec,
               cut.accuracy ? fmt::format(", top-1 {:.2f} %", 100 * *cut.accuracy) : "");
  fmt::print("least {}; device's load {:g}; predicted, energy modelled\n", args.objective,
             args.device_load);
  if (manifest.costs->device_slowdown > 1)
    fmt::print("the device is emulated: {:g}x slower than the machine that was profiled\n",
               manifest.costs->device_slowdown);
  fmt::print("\n");
  fmt::print("{:<10} {:>10}  {:<12} {:>10} {:>10} {:>9}\n", "link", "cloud load", "way",
             "latency ms", "energy mJ", "bytes up");
  for (const Row& c : choices)
    fmt::print("{:<10} {:>10g}  {:<12} {:>10.2f} {:>10.2f} {:>9.0f}\n", c.link.name, c.cloud_load,
               name_of(c), c.best.latency_ms, c.best.energy_mj, c.best.bytes_up);
}

Result<int> run(const Args& args) {
  const plan::Objective objective = CLEAVE_TRY(plan::parse_objective(args.objective));
  const bundle::Bundle bundle = CLEAVE_TRY(bundle::Bundle::load(args.bundle));
  const bundle::Manifest& manifest = bundle.manifest();
  const auto costs = edge::costs_from_manifest(
      manifest, manifest.costs ? manifest.costs->device_slowdown : 1, true);
  if (!costs)
    return fail(ErrorCode::kInvalidArgument, "choose",
                "bundle '" + manifest.name +
                    "' has no costs to choose by: make it again with --device and --cloud");
  std::vector<Link> links;
  for (const std::string& spec : args.links) links.push_back(CLEAVE_TRY(parse_link(spec)));
  if (links.empty()) links.assign(link_presets().begin(), link_presets().end());
  const Chooser chooser(manifest, *costs);
  std::vector<Row> choices;
  for (const Link& link : links)
    for (const double load : args.cloud_loads)
      choices.push_back(CLEAVE_TRY(chooser.choose(link, args.device_load, load, objective)));
  if (args.json)
    fmt::print("{}\n", dump_json(to_json(args, manifest, choices), 2));
  else
    print(args, manifest, choices);
  return 0;
}

}  // namespace

Action define_choose(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.add_option("BUNDLE", args->bundle, "a bundle that was made with profiles")->required();
  command
      .add_option("--link", args->links, "3g, 4g, wifi or link:up=…,down=…,rtt=…; may be repeated")
      ->allow_extra_args(false)
      ->default_str("3g 4g wifi");
  command.add_option("--cloud-load", args->cloud_loads, "factors on the server's times")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--device-load", args->device_load, "factor on the device's times")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--objective", args->objective, "latency, energy or bytes")
      ->capture_default_str();
  command.add_flag("--json", args->json, "print JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
