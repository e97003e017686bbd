#include "plan_network.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/spec.h"
#include "codec/codec.h"
#include "plan_print.h"
#include "study/explain.h"
#include "study/plan_table.h"
#include "study/problem.h"
#include "study/samples.h"
#include "study/schedule_dot.h"

namespace cleave::app {
namespace {

/// The schedule, measured through first where that was asked for; the profiles' files then get what
/// was measured.
Result<study::PlannedSchedule> plan_schedule(const LoadedModel& loaded, const NetworkArgs& args,
                                             plan::Problem& problem) {
  if (!args.measure) return study::plan_schedule(loaded.model, problem, args.request);
  if (args.plan.device == args.plan.cloud) {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "--measure with one profile for both sides, '" + args.plan.device +
                    "', expected two files to add to");
  }
  profile::MeasureOptions options;
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.budget)) / 1000;
  study::Samples samples =
      CLEAVE_TRY(study::load_samples(loaded.model, args.samples.paths, args.samples.preprocess, 1));
  options.inputs = std::move(samples.inputs.front());
  SteadyClock clock;
  auto planned = CLEAVE_TRY(
      study::refine_schedule(loaded.model, *loaded.engine, problem, args.request, options, clock));
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
  if (parts.size() == 3) {
    const auto first = parse_number<double>(parts[0]);
    const auto last = parse_number<double>(parts[1]);
    const auto points = parse_number<std::size_t>(parts[2]);
    const bool rises = first && last && *first >= 1e-6 && *last > *first && *last <= 1e6;
    if (rises && points && *points > 1 && *points <= 1000)
      return plan::GeometricAxis{*first, *last, *points};
  }
  return fail(ErrorCode::kInvalidArgument, "plan",
              "axis '" + text +
                  "', expected FIRST:LAST:POINTS with 1e-6 <= FIRST < LAST <= 1e6 and 2 "
                  "to 1000 points, as in 0.25:128:37");
}

/// A plan with the codec that it was made for.
struct Planned {
  plan::Problem problem;
  study::PlannedSchedule schedule;
  std::string codec;
};

Result<void> write_table(const LoadedModel& loaded, const NetworkArgs& args,
                         const study::TableRequest& wanted, const Planned& planned) {
  plan::PlanTable table =
      CLEAVE_TRY(study::make_table(loaded.model, planned.problem, args.request, wanted));
  table.codec = CLEAVE_TRY(codec::Codec::create(planned.codec)).spec();
  CLEAVE_CHECK(write_file(args.table, dump_json(plan::to_json(table)) + "\n"));
  if (!args.json) print_table(table);
  return {};
}

bool better(const study::PlannedSchedule& a, const study::PlannedSchedule& b,
            plan::Objective objective) {
  const bool a_fits = a.solution.status != plan::Status::kInfeasible;
  const bool b_fits = b.solution.status != plan::Status::kInfeasible;
  if (!a_fits || !b_fits) return a_fits && !b_fits;
  return plan::objective_of(a.solution.schedule, objective) <
         plan::objective_of(b.solution.schedule, objective);
}

/// The best schedule over all codecs to choose from. One codec serves all crossings of a schedule,
/// as a bundle has it.
Result<Planned> choose(const LoadedModel& loaded, const NetworkArgs& args) {
  PlanArgs plan_args = args.plan;
  if (!args.codecs.empty()) plan_args.codec.clear();
  plan::Problem problem = CLEAVE_TRY(make_problem(loaded, plan_args, args.samples));
  if (args.codecs.empty()) {
    auto schedule = CLEAVE_TRY(plan_schedule(loaded, args, problem));
    return Planned{std::move(problem), std::move(schedule), args.plan.codec};
  }
  std::optional<Planned> best;
  const auto choices = CLEAVE_TRY(plan::load_codec_choices(args.codecs));
  for (const plan::CodecChoice& choice : choices) {
    if (const auto set = study::set_codec(problem, loaded.model, choice, args.max_loss); !set)
      fmt::print(stderr, "note: {}\n", set.error().message);
    auto schedule = CLEAVE_TRY(plan_schedule(loaded, args, problem));
    if (!best || better(schedule, best->schedule, args.request.objective))
      best = Planned{problem, std::move(schedule), choice.codec};
  }
  return *std::move(best);
}

void print_text(const LoadedModel& loaded, const NetworkArgs& args, const Planned& planned,
                const plan::FittingWays& ranking,
                const std::optional<std::vector<plan::Schedule>>& front,
                const std::string& explanation) {
  print_plan_head(planned.problem, args.request);
  if (!args.codecs.empty()) fmt::print("the best codec for it: {}\n", planned.codec);
  print_schedule(loaded, args.plan, planned.schedule);
  if (!args.request.training)
    print_ranking(planned.problem, args.request.limits, ranking, args.top);
  if (front) print_front(loaded, *front);
  if (!explanation.empty()) fmt::print("\n{}", explanation);
}

Json to_json(const NetworkArgs& args, const Planned& planned, const plan::FittingWays& ranking,
             const std::optional<std::vector<plan::Schedule>>& front) {
  const study::ScheduleRequest& request = args.request;
  Json json = plan::to_json(planned.problem, request.objective, ranking.ways);
  if (ranking.left_out > 0)
    json["does_not_fit"] = {{"ways", ranking.left_out},
                            {"nearest", plan::to_json(*ranking.nearest)}};
  json["codec"] = planned.codec;
  json["limits"] = limits_to_json(request.limits);
  if (request.training) {
    json["training"] = {{"updated", request.training->updated},
                        {"backward_over_forward", request.training->backward_over_forward}};
  }
  json["schedule"] = study::to_json(planned.schedule);
  if (front) json["front"] = front_to_json(*front);
  return json;
}

}  // namespace

Result<int> plan_network(const LoadedModel& loaded, const NetworkArgs& args) {
  const study::TableRequest table{CLEAVE_TRY(parse_axis(args.rates)),
                                  CLEAVE_TRY(parse_axis(args.loads)), args.one_crossing};
  const Planned planned = CLEAVE_TRY(choose(loaded, args));
  const plan::FittingWays ranking = plan::fitting_ways(
      CLEAVE_TRY(plan::rank_cuts(planned.problem, args.request.objective)), args.request.limits);
  std::optional<std::vector<plan::Schedule>> front;
  if (args.pareto) front = CLEAVE_TRY(plan::pareto_front(planned.schedule.problem));
  std::string explanation;
  if (args.explain)
    explanation = CLEAVE_TRY(study::explain(loaded.model, planned.problem, args.request));
  Json json = to_json(args, planned, ranking, front);
  if (args.explain) json["explanation"] = explanation;
  const std::string text = dump_json(json, 2) + "\n";
  if (!args.out.empty()) CLEAVE_CHECK(write_file(args.out, text));
  if (!args.dot.empty()) {
    const auto& groups = planned.schedule.solution.schedule.groups;
    CLEAVE_CHECK(write_file(args.dot, study::schedule_dot(loaded.model, groups)));
  }
  if (args.json) {
    fmt::print("{}", text);
  } else {
    print_text(loaded, args, planned, ranking, front, explanation);
  }
  if (!args.table.empty()) CLEAVE_CHECK(write_table(loaded, args, table, planned));
  return 0;
}

}  // namespace cleave::app
