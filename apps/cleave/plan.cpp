// cleave plan: ranks every way to run a network across a link.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "plan/planner.h"
#include "plan_args.h"
#include "plan_problem.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  SampleArgs samples;
  PlanArgs plan;
  ProblemArgs problem;
  std::string objective = "latency";
  std::string out;
  std::size_t top = 12;
  bool json = false;
};

std::string place_of(const plan::Candidate& c, const profile::Profile& p) {
  if (c.strategy != plan::Strategy::kSplit) return std::string(plan::strategy_name(c.strategy));
  return fmt::format("cut {} after {}", c.cut, p.layer_names[c.cut - 1]);
}

void print_ranking(const plan::Problem& problem, plan::Objective objective,
                   const std::vector<plan::Candidate>& ranking, std::size_t top) {
  const Link& link = problem.link;
  fmt::print("{} over {}: up {:g} Mbit/s, down {:g} Mbit/s, round trip {:g} ms; best {} first\n",
             problem.device.model_name, link.name, link.up_mbps, link.down_mbps, link.rtt_ms,
             plan::objective_name(objective));
  if (problem.device.slowdown > 1) {
    fmt::print("the device is emulated: {:g}x slower than {}\n", problem.device.slowdown,
               problem.device.machine);
  }
  fmt::print("energy is modelled: {:.0f} mW computing, radio {:.0f} mW up and {:.0f} mW down\n\n",
             problem.energy.compute_mw, link.radio.up_mw(link.up_mbps),
             link.radio.down_mw(link.down_mbps));
  fmt::print("{:<40} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}\n", "", "total ms",
             "energy mJ", "head", "encode", "up", "decode", "tail", "down", "bytes up");
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const plan::Candidate& c = ranking[i];
    if (i >= top && c.strategy == plan::Strategy::kSplit) continue;
    fmt::print(
        "{:<40.40} {:>9.1f} {:>9.1f} {:>8.2f} {:>8.2f} {:>8.1f} {:>8.2f} {:>8.2f} {:>8.1f} "
        "{:>9.0f}{}\n",
        place_of(c, problem.device), c.latency_ms, c.energy_mj, c.terms.head_ms, c.terms.encode_ms,
        c.terms.up_ms, c.terms.decode_ms, c.terms.tail_ms, c.terms.down_ms, c.bytes_up,
        c.interpolated ? " ~" : "");
  }
  fmt::print("\n{} ways in all; ~ rests on interpolated costs\n", ranking.size());
}

Result<int> run(const Args& args) {
  if (!args.problem.path.empty()) {
    ProblemArgs problem = args.problem;
    problem.json = args.json;
    return plan_problem(problem);
  }
  if (args.model.path.empty() || args.plan.device.empty() || args.plan.cloud.empty()) {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "expected MODEL, --device and --cloud, or --problem");
  }
  const plan::Objective objective = CLEAVE_TRY(plan::parse_objective(args.objective));
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const plan::Problem problem = CLEAVE_TRY(make_problem(loaded, args.plan, args.samples));
  const std::vector<plan::Candidate> ranking = CLEAVE_TRY(plan::rank_cuts(problem, objective));
  const std::string text = dump_json(plan::to_json(problem, objective, ranking), 2) + "\n";
  if (!args.out.empty()) CLEAVE_CHECK(write_file(args.out, text));
  if (args.json)
    fmt::print("{}", text);
  else
    print_ranking(problem, objective, ranking, args.top);
  return 0;
}

}  // namespace

Action define_plan(CLI::App& command) {
  auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_sample_args(command, args->samples);
  add_plan_args(command, args->plan);
  command.get_option("MODEL")->required(false);
  command
      .add_option("--problem", args->problem.path,
                  "plan a cleave-problem/1 or cleave-dag/1 instead of a network")
      ->type_name("FILE")
      ->excludes("MODEL");
  command.add_option("--solver", args->problem.solver, "of a problem; the fastest exact one else");
  command.add_option("--objective", args->objective, "latency or energy")->capture_default_str();
  command.add_option("--top", args->top, "cuts to print, device-only and cloud-only beside them")
      ->capture_default_str();
  command.add_option("--out", args->out, "file for the plan");
  command.add_flag("--json", args->json, "print the plan as JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
