#include "plan_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/spec.h"
#include "codec/codec.h"
#include "plan_print.h"
#include "study/calibration_files.h"
#include "study/choose_codec.h"
#include "study/codec_costs.h"
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

Result<void> write_table(const LoadedModel& loaded, const NetworkArgs& args,
                         const study::TableRequest& wanted, const study::PlannedCodec& planned) {
  plan::PlanTable table =
      CLEAVE_TRY(study::make_table(loaded.model, planned.problem, args.request, wanted));
  if (planned.calibrated.empty())
    table.codec = CLEAVE_TRY(codec::Codec::create(planned.codec)).spec();
  CLEAVE_CHECK(write_file(args.table, dump_json(plan::to_json(table)) + "\n"));
  if (!args.json) print_table(table);
  return {};
}

/// What values may be sent by, and the calibrations in full.
struct Codecs {
  study::CodecOptions options;
  std::vector<codec::CalibratedValue> calibrated;
};

Result<plan::CodecChoice> measure(const LoadedModel& loaded, const NetworkArgs& args,
                                  const std::string& codec) {
  const study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, args.samples.paths, args.samples.preprocess, args.samples.limit));
  SteadyClock clock;
  return study::measure_codec_costs(loaded.model, *loaded.engine, codec, samples.inputs, clock);
}

Result<Codecs> read_codecs(const LoadedModel& loaded, const NetworkArgs& args) {
  Codecs codecs;
  codecs.options.max_loss = args.max_loss;
  codecs.calibrated = CLEAVE_TRY(study::load_calibrations(loaded.model, args.calibrations));
  if (!codecs.calibrated.empty())
    codecs.options.calibrated =
        CLEAVE_TRY(measure_calibrated(loaded, args.samples, codecs.calibrated));
  auto& choices = codecs.options.choices;
  if (args.codecs.empty())
    choices.push_back(CLEAVE_TRY(measure(loaded, args, args.plan.codec)));
  else
    choices = CLEAVE_TRY(plan::load_codec_choices(args.codecs));
  return codecs;
}

/// Values may always be sent as they are: a codec has to be worth its time.
Result<void> add_raw(const LoadedModel& loaded, const NetworkArgs& args,
                     study::CodecOptions& options) {
  if (std::ranges::find(options.choices, "raw", &plan::CodecChoice::codec) != options.choices.end())
    return {};
  options.choices.push_back(CLEAVE_TRY(measure(loaded, args, "raw")));
  return {};
}

void note(const std::string& what) { fmt::print(stderr, "note: {}\n", what); }

/// The link, and the presets beside it.
std::vector<Link> links_of(const Link& link) {
  std::vector<Link> links;
  for (const char* preset : {"3g", "4g", "wifi"}) links.push_back(*parse_link(preset));
  if (std::ranges::find(links, link.name, &Link::name) == links.end()) links.push_back(link);
  return links;
}

/// A plan and what was found out about it.
struct Findings {
  study::PlannedCodec planned;
  std::vector<codec::CalibratedValue> calibrated;  ///< of the values that may be sent so
  std::vector<study::CodecRow> codecs;
};

Result<Findings> find_plan(const LoadedModel& loaded, const NetworkArgs& args) {
  PlanArgs plan_args = args.plan;
  plan_args.codec.clear();
  plan::Problem problem = CLEAVE_TRY(make_problem(loaded, plan_args, args.samples));
  Codecs codecs = CLEAVE_TRY(read_codecs(loaded, args));
  if (!args.codecs.empty() || !codecs.calibrated.empty())
    CLEAVE_CHECK(add_raw(loaded, args, codecs.options));
  const auto planner = [&](plan::Problem& p) { return plan_schedule(loaded, args, p); };
  Findings found{CLEAVE_TRY(study::choose_codec(loaded.model, std::move(problem), codecs.options,
                                                args.request.objective, planner, note)),
                 {},
                 {}};
  for (codec::CalibratedValue& value : codecs.calibrated)
    if (found.planned.calibrated.contains(value.value.name))
      found.calibrated.push_back(std::move(value));
  if (!args.compare_codecs) return found;
  CLEAVE_CHECK(add_raw(loaded, args, codecs.options));
  const plan::Problem& planned = found.planned.problem;
  found.codecs = CLEAVE_TRY(
      study::compare_codecs(loaded.model, planned, codecs.options, links_of(planned.link)));
  return found;
}

void print_codec(const NetworkArgs& args, const Findings& found) {
  if (args.codecs.empty() && args.calibrations.empty()) return;
  std::string calibrated;
  for (const codec::CalibratedValue& value : found.calibrated)
    calibrated += (calibrated.empty() ? "" : ", ") + value.value.name;
  fmt::print("the best codec for it: {}{}\n", found.planned.codec,
             calibrated.empty() ? "" : "; as calibrated: " + calibrated);
}

void print_text(const LoadedModel& loaded, const NetworkArgs& args, const Findings& found,
                const plan::FittingWays& ranking,
                const std::optional<std::vector<plan::Schedule>>& front,
                const std::string& explanation) {
  const study::PlannedCodec& planned = found.planned;
  print_plan_head(planned.problem, args.request);
  print_codec(args, found);
  print_schedule(loaded, args.plan, planned.schedule);
  if (!args.request.training)
    print_ranking(planned.problem, args.request.limits, ranking, args.top);
  if (!found.codecs.empty()) print_codecs(found.codecs, planned.problem.device);
  if (front) print_front(loaded, *front);
  if (!explanation.empty()) fmt::print("\n{}", explanation);
}

Json to_json(const NetworkArgs& args, const Findings& found, const plan::FittingWays& ranking,
             const std::optional<std::vector<plan::Schedule>>& front) {
  const study::PlannedCodec& planned = found.planned;
  const study::ScheduleRequest& request = args.request;
  Json json = plan::to_json(planned.problem, request.objective, ranking.ways);
  if (ranking.left_out > 0)
    json["does_not_fit"] = {{"ways", ranking.left_out},
                            {"nearest", plan::to_json(*ranking.nearest)}};
  json["codec"] = planned.codec;
  if (!found.calibrated.empty()) json["calibrated"] = codec::to_json(found.calibrated);
  if (!found.codecs.empty()) json["codecs"] = codecs_to_json(found.codecs);
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
  const Findings found = CLEAVE_TRY(find_plan(loaded, args));
  const study::PlannedCodec& planned = found.planned;
  const plan::FittingWays ranking = plan::fitting_ways(
      CLEAVE_TRY(plan::rank_cuts(planned.problem, args.request.objective)), args.request.limits);
  std::optional<std::vector<plan::Schedule>> front;
  if (args.pareto) front = CLEAVE_TRY(plan::pareto_front(planned.schedule.problem));
  std::string explanation;
  if (args.explain)
    explanation = CLEAVE_TRY(study::explain(loaded.model, planned.problem, args.request));
  Json json = to_json(args, found, ranking, front);
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
    print_text(loaded, args, found, ranking, front, explanation);
  }
  if (!args.table.empty()) CLEAVE_CHECK(write_table(loaded, args, table, planned));
  return 0;
}

}  // namespace cleave::app
