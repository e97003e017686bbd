// cleave plan: ranks every way to run a network across a link.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/spec.h"
#include "plan_args.h"
#include "plan_print.h"
#include "plan_problem.h"
#include "plan_tiers.h"
#include "power_args.h"
#include "study/explain.h"
#include "study/plan_table.h"
#include "study/samples.h"
#include "study/schedule_dot.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  SampleArgs samples;
  PlanArgs plan;
  ProblemArgs problem;
  TierArgs tiers;
  std::string objective = "latency";
  plan::Limits limits;
  bool training = false;
  study::TrainingSpec training_spec;
  bool measure = false;
  std::string budget = "60s";
  bool explain = false;
  bool pareto = false;
  std::string dot;
  std::string table;
  std::string rates = "0.25:128:37";
  std::string loads = "1:8:7";
  std::string out;
  std::size_t top = 12;
  bool json = false;
};

/// The schedule, measured through first where that was asked for; the profiles' files then get what
/// was measured.
Result<study::PlannedSchedule> plan_schedule(const LoadedModel& loaded, const Args& args,
                                             plan::Problem& problem,
                                             const study::ScheduleRequest& request) {
  if (!args.measure) return study::plan_schedule(loaded.model, problem, request);
  profile::MeasureOptions options;
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.budget)) / 1000;
  study::Samples samples =
      CLEAVE_TRY(study::load_samples(loaded.model, args.samples.paths, args.samples.preprocess, 1));
  options.inputs = std::move(samples.inputs.front());
  SteadyClock clock;
  auto planned = CLEAVE_TRY(
      study::refine_schedule(loaded.model, *loaded.engine, problem, request, options, clock));
  const auto save = [](const profile::Profile& profile, const std::string& path) {
    return write_file(path, dump_json(profile::to_json(profile), 2) + "\n");
  };
  CLEAVE_CHECK(save(problem.device, args.plan.device));
  CLEAVE_CHECK(save(problem.cloud, args.plan.cloud));
  return planned;
}

/// "0.25:128:37": 37 points from 0.25 to 128.
Result<plan::GeometricAxis> parse_axis(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, ':');
  plan::GeometricAxis axis;
  if (parts.size() == 3) {
    const auto first = parse_number<double>(parts[0]);
    const auto last = parse_number<double>(parts[1]);
    const auto points = parse_number<std::size_t>(parts[2]);
    if (first && last && points && *first > 0 && *last > *first && *points > 1 && *points <= 1000)
      return plan::GeometricAxis{*first, *last, *points};
  }
  return fail(ErrorCode::kInvalidArgument, "plan",
              "axis '" + text +
                  "', expected FIRST:LAST:POINTS with 0 < FIRST < LAST and 2 to 1000 "
                  "points, as in 0.25:128:37");
}

Result<void> write_table(const LoadedModel& loaded, const Args& args, const plan::Problem& problem,
                         const study::ScheduleRequest& request) {
  const auto rates = CLEAVE_TRY(parse_axis(args.rates));
  const auto loads = CLEAVE_TRY(parse_axis(args.loads));
  const plan::PlanTable table =
      CLEAVE_TRY(study::make_table(loaded.model, problem, request, rates, loads));
  CLEAVE_CHECK(write_file(args.table, dump_json(plan::to_json(table)) + "\n"));
  if (!args.json) print_table(table);
  return {};
}

Result<void> print_text(const LoadedModel& loaded, const Args& args, const plan::Problem& problem,
                        const study::ScheduleRequest& request,
                        const std::vector<plan::Candidate>& ranking,
                        const study::PlannedSchedule& planned) {
  print_plan_head(problem, request);
  print_schedule(loaded, args.plan, planned);
  if (!request.training) print_ranking(problem, request.limits, ranking, args.top);
  if (args.pareto) print_front(loaded, CLEAVE_TRY(plan::pareto_front(planned.problem)));
  if (args.explain) {
    fmt::print("\n{}", CLEAVE_TRY(study::explain(loaded.model, problem, request)));
  }
  return {};
}

Result<int> run(const Args& args) {
  if (!args.problem.path.empty()) {
    ProblemArgs problem = args.problem;
    problem.json = args.json;
    return plan_problem(problem);
  }
  const bool tiers = !args.tiers.tiers.empty();
  if (args.model.path.empty() || args.plan.device.empty() || (args.plan.cloud.empty() && !tiers)) {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "expected MODEL, --device and --cloud (or --tier), or --problem");
  }
  study::ScheduleRequest request{args.limits, {}, std::nullopt};
  request.objective = CLEAVE_TRY(plan::parse_objective(args.objective));
  if (args.training) request.training = args.training_spec;
  CLEAVE_CHECK(plan::check(args.limits));
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  if (tiers)
    return plan_tiers(loaded, {args.tiers.tiers, args.objective, args.json}, args.plan,
                      args.samples);
  plan::Problem problem = CLEAVE_TRY(make_problem(loaded, args.plan, args.samples));
  const auto planned = CLEAVE_TRY(plan_schedule(loaded, args, problem, request));
  const std::vector<plan::Candidate> ranking =
      CLEAVE_TRY(plan::rank_cuts(problem, request.objective));
  Json json = plan::to_json(problem, request.objective, ranking);
  json["limits"] = limits_to_json(args.limits);
  if (request.training) {
    json["training"] = {{"updated", request.training->updated},
                        {"backward_over_forward", request.training->backward_over_forward}};
  }
  json["schedule"] = study::to_json(planned);
  if (args.pareto) json["front"] = front_to_json(CLEAVE_TRY(plan::pareto_front(planned.problem)));
  const std::string text = dump_json(json, 2) + "\n";
  if (!args.out.empty()) CLEAVE_CHECK(write_file(args.out, text));
  if (!args.dot.empty()) {
    CLEAVE_CHECK(
        write_file(args.dot, study::schedule_dot(loaded.model, planned.solution.schedule.groups)));
  }
  if (args.json) {
    fmt::print("{}", text);
  } else {
    CLEAVE_CHECK(print_text(loaded, args, problem, request, ranking, planned));
  }
  if (!args.table.empty()) CLEAVE_CHECK(write_table(loaded, args, problem, request));
  return 0;
}

}  // namespace

Action define_plan(CLI::App& command) {
  auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_sample_args(command, args->samples);
  add_plan_args(command, args->plan);
  add_power_arg(command, args->plan.power);
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
      "--measure", args->measure,
      "measure here, until the schedule rests on no estimate, and add to the profiles");
  command
      .add_option("--tier", args->tiers.tiers,
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
  command.add_option("--budget", args->budget, "time that --measure may take")
      ->capture_default_str();
  command.add_flag("--explain", args->explain, "say why, and what would change the choice");
  command.add_flag("--pareto", args->pareto,
                   "every schedule that none beats in latency, energy and bytes");
  command.add_option("--dot", args->dot, "file for a picture of the schedule, for Graphviz")
      ->type_name("FILE");
  command.add_option("--top", args->top, "cuts to print, device-only and cloud-only beside them")
      ->capture_default_str();
  command
      .add_option("--table", args->table,
                  "file for the best schedule at every link rate and server load")
      ->type_name("FILE");
  command.add_option("--rates", args->rates, "of the table: Mbit/s up, FIRST:LAST:POINTS")
      ->capture_default_str();
  command.add_option("--loads", args->loads, "of the table: factors on the server's times")
      ->capture_default_str();
  command.add_option("--out", args->out, "file for the plan");
  command.add_flag("--json", args->json, "print the plan as JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
