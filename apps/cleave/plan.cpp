// cleave plan: ranks every way to run a network across a link.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/spec.h"
#include "plan_args.h"
#include "plan_batches.h"
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
  std::vector<std::string> batches;
  std::string objective = "latency";
  plan::Limits limits;
  std::optional<std::string> device_memory;
  std::optional<std::string> cloud_memory;
  bool training = false;
  study::TrainingSpec training_spec;
};

Result<plan::Limits> read_limits(const Args& args) {
  plan::Limits limits = args.limits;
  const auto read = [](const std::optional<std::string>& text) -> Result<std::optional<double>> {
    if (!text) return std::nullopt;
    return static_cast<double>(CLEAVE_TRY(parse_size_bytes(*text)));
  };
  limits.device_memory_bytes = CLEAVE_TRY(read(args.device_memory));
  limits.cloud_memory_bytes = CLEAVE_TRY(read(args.cloud_memory));
  CLEAVE_CHECK(plan::check(limits));
  return limits;
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
  network.request.limits = CLEAVE_TRY(read_limits(args));
  if (args.training) network.request.training = args.training_spec;
  if (!args.batches.empty()) {
    return plan_batches(args.model, {args.batches, args.network.json}, plan_args,
                        args.network.samples, network.request);
  }
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  if (!tiers) return plan_network(loaded, network);
  return plan_tiers(loaded, {args.tiers, args.objective, args.network.json}, plan_args,
                    args.network.samples);
}

void add_wishes(CLI::App& command, Args& args) {
  command.add_option("--objective", args.objective, "latency, energy or bytes")
      ->capture_default_str();
  command.add_option("--deadline", args.limits.deadline_ms, "most latency, ms");
  command.add_option("--battery", args.limits.battery_mj,
                     "most energy of the device, mJ (modelled)");
  command.add_option("--cloud-limit", args.limits.cloud_ms, "most time in the cloud, ms");
  CLI::Option* training =
      command.add_flag("--training", args.training,
                       "plan a step of online training: inference and its mirror, modelled");
  command
      .add_option("--device-memory", args.device_memory,
                  "most memory of the device's groups together, as 64MB or 512MiB")
      ->excludes(training);
  command.add_option("--cloud-memory", args.cloud_memory, "the same in the cloud")
      ->excludes(training);
  command
      .add_option("--updated", args.training_spec.updated,
                  "share of the weights that a training step changes")
      ->check(CLI::Range(0.0, 1.0))
      ->needs("--training")
      ->capture_default_str();
  command
      .add_option("--backward", args.training_spec.backward_over_forward,
                  "cost of a layer's backward pass over its forward pass (modelled)")
      ->check(CLI::NonNegativeNumber)
      ->needs("--training")
      ->capture_default_str();
}

void add_codecs(CLI::App& command, NetworkArgs& args) {
  command
      .add_option("--codecs", args.codecs,
                  "choose the codec as well, from a table of cleave codec table")
      ->type_name("FILE")
      ->excludes("--codec");
  command
      .add_option("--calibration", args.calibrations,
                  "what `codec calibrate` wrote, a file or a folder of them: its values may be "
                  "sent so, where that is worth it; may be repeated")
      ->type_name("FILE");
  command.add_option("--max-loss", args.max_loss, "of that table: most loss of a value")
      ->check(CLI::NonNegativeNumber)
      ->needs("--codecs");
}

void add_measuring(CLI::App& command, NetworkArgs& args) {
  command.add_flag(
      "--measure", args.measure,
      "measure here, until the schedule rests on no estimate, and add to the profiles");
  command.add_option("--budget", args.budget, "time that --measure may take")
      ->needs("--measure")
      ->capture_default_str();
}

void add_outputs(CLI::App& command, NetworkArgs& args) {
  command.add_flag("--explain", args.explain, "say why, and what would change the choice");
  command.add_flag("--compare-codecs", args.compare_codecs,
                   "what each codec takes over each link, beside raw");
  command.add_flag("--pareto", args.pareto,
                   "every schedule that none beats in latency, energy and bytes");
  command.add_option("--dot", args.dot, "file for a picture of the schedule, for Graphviz")
      ->type_name("FILE");
  command.add_option("--top", args.top, "cuts to print, device-only and cloud-only beside them")
      ->capture_default_str();
  command
      .add_option("--table", args.table,
                  "file for the best schedule at every link rate and server load")
      ->type_name("FILE");
  command.add_option("--rates", args.rates, "of the table: Mbit/s up, FIRST:LAST:POINTS")
      ->needs("--table")
      ->capture_default_str();
  command.add_option("--loads", args.loads, "of the table: factors on the server's times")
      ->needs("--table")
      ->capture_default_str();
  command
      .add_flag("--one-crossing", args.one_crossing,
                "of the table: no schedules but those that cleave run can run")
      ->excludes("--training")
      ->needs("--table");
  command.add_option("--out", args.out, "file for the plan");
  command.add_flag("--json", args.json, "print the plan as JSON");
}

/// What is planned in place of a network between two machines, and the options that say nothing of
/// it: they are refused, not passed over.
void add_other_problems(CLI::App& command, Args& args) {
  const std::vector<std::string> of_networks{
      "--deadline", "--battery", "--cloud-limit", "--device-memory", "--cloud-memory", "--training",
      "--codecs",   "--measure", "--explain",     "--pareto",        "--dot",          "--table",
      "--out",      "--trace",   "--calibration", "--compare-codecs"};
  CLI::Option* tier =
      command.add_option("--tier", args.tiers,
                         "a machine behind the device, in the order of the line: the link to it "
                         "from the one before, and its profile; instead of --link and --cloud");
  tier->type_name("LINK@PROFILE")->excludes("--cloud")->excludes("--link");
  CLI::Option* batch = command.add_option(
      "--batch", args.batches, "plan this batch too, from profiles of the network at it");
  batch->type_name("N@DEVICE@CLOUD")->excludes(tier)->excludes("--codecs")->excludes("--measure");
  for (const char* name :
       {"--explain", "--pareto", "--dot", "--table", "--out", "--calibration", "--compare-codecs"})
    batch->excludes(name);
  CLI::Option* problem =
      command.add_option("--problem", args.problem.path,
                         "plan a cleave-problem/1 or cleave-dag/1 instead of a network");
  problem->type_name("FILE")
      ->excludes("MODEL")
      ->excludes("--objective")
      ->excludes(tier)
      ->excludes(batch);
  for (const std::string& name : of_networks) {
    tier->excludes(name);
    problem->excludes(name);
  }
  command.add_option("--solver", args.problem.solver, "of a problem; the fastest exact one else")
      ->needs(problem);
}

}  // namespace

Action define_plan(CLI::App& command) {
  auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_sample_args(command, args->network.samples);
  add_plan_args(command, args->network.plan);
  add_power_arg(command, args->network.plan.power);
  command.get_option("MODEL")->required(false);
  add_wishes(command, *args);
  add_codecs(command, args->network);
  add_measuring(command, args->network);
  add_outputs(command, args->network);
  add_other_problems(command, *args);
  return [args] { return run(*args); };
}

}  // namespace cleave::app
