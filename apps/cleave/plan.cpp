// cleave plan: ranks every way to run a network across a link.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plan_args.h"
#include "plan_network.h"
#include "plan_problem.h"
#include "plan_tiers.h"
#include "power_args.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  NetworkArgs network;
  ProblemArgs problem;
  std::vector<std::string> tiers;
  std::string objective = "latency";
  plan::Limits limits;
  bool training = false;
  study::TrainingSpec training_spec;
};

/// A line of machines is planned for the objective alone.
Result<int> run_tiers(const LoadedModel& loaded, const Args& args) {
  const plan::Limits& limits = args.limits;
  if (args.training || limits.deadline_ms || limits.battery_mj || limits.cloud_ms) {
    return fail(ErrorCode::kUnsupported, "plan",
                "--tier with limits or --training, expected neither");
  }
  return plan_tiers(loaded, {args.tiers, args.objective, args.network.json}, args.network.plan,
                    args.network.samples);
}

Result<int> run(const Args& args) {
  if (!args.problem.path.empty()) {
    ProblemArgs problem = args.problem;
    problem.json = args.network.json;
    return plan_problem(problem);
  }
  const PlanArgs& plan_args = args.network.plan;
  const bool tiers = !args.tiers.empty();
  if (args.model.path.empty() || plan_args.device.empty() || (plan_args.cloud.empty() && !tiers)) {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "expected MODEL, --device and --cloud (or --tier), or --problem");
  }
  NetworkArgs network = args.network;
  network.request.objective = CLEAVE_TRY(plan::parse_objective(args.objective));
  network.request.limits = args.limits;
  if (args.training) network.request.training = args.training_spec;
  CLEAVE_CHECK(plan::check(args.limits));
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  return tiers ? run_tiers(loaded, args) : plan_network(loaded, network);
}

}  // namespace

Action define_plan(CLI::App& command) {
  auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_sample_args(command, args->network.samples);
  add_plan_args(command, args->network.plan);
  add_power_arg(command, args->network.plan.power);
  command.get_option("MODEL")->required(false);
  command
      .add_option("--problem", args->problem.path,
                  "plan a cleave-problem/1 or cleave-dag/1 instead of a network")
      ->type_name("FILE")
      ->excludes("MODEL");
  command.add_option("--solver", args->problem.solver, "of a problem; the fastest exact one else");
  command.add_option("--objective", args->objective, "latency, energy or bytes")
      ->capture_default_str();
  command.add_option("--deadline", args->limits.deadline_ms, "most latency, ms");
  command.add_option("--battery", args->limits.battery_mj,
                     "most energy of the device, mJ (modelled)");
  command.add_option("--cloud-limit", args->limits.cloud_ms, "most time in the cloud, ms");
  command.add_flag(
      "--measure", args->network.measure,
      "measure here, until the schedule rests on no estimate, and add to the profiles");
  command
      .add_option("--tier", args->tiers,
                  "a machine behind the device, in the order of the line: the link to it from the "
                  "one before, and its profile; instead of --link and --cloud")
      ->type_name("LINK@PROFILE")
      ->excludes("--cloud")
      ->excludes("--problem");
  command.add_flag("--training", args->training,
                   "plan a step of online training: inference and its mirror, modelled");
  command
      .add_option("--updated", args->training_spec.updated,
                  "share of the weights that a training step changes")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--backward", args->training_spec.backward_over_forward,
                  "cost of a layer's backward pass over its forward pass (modelled)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--budget", args->network.budget, "time that --measure may take")
      ->capture_default_str();
  command.add_flag("--explain", args->network.explain, "say why, and what would change the choice");
  command.add_flag("--pareto", args->network.pareto,
                   "every schedule that none beats in latency, energy and bytes");
  command
      .add_option("--dot", args->network.dot, "file for a picture of the schedule, for Graphviz")
      ->type_name("FILE");
  command
      .add_option("--top", args->network.top,
                  "cuts to print, device-only and cloud-only beside them")
      ->capture_default_str();
  command
      .add_option("--codecs", args->network.codecs,
                  "choose the codec as well, from a table of cleave codec table")
      ->type_name("FILE")
      ->excludes("--codec");
  command.add_option("--max-loss", args->network.max_loss, "of that table: most loss of a value")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--table", args->network.table,
                  "file for the best schedule at every link rate and server load")
      ->type_name("FILE");
  command.add_option("--rates", args->network.rates, "of the table: Mbit/s up, FIRST:LAST:POINTS")
      ->capture_default_str();
  command.add_option("--loads", args->network.loads, "of the table: factors on the server's times")
      ->capture_default_str();
  command.add_option("--out", args->network.out, "file for the plan");
  command.add_flag("--json", args->network.json, "print the plan as JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
