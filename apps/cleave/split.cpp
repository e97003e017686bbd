// cleave split: cuts a network and writes the bundle.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "bundle/writer.h"
#include "codec/calibrated_value.h"
#include "data/labels.h"
#include "plan/planner.h"
#include "plan_args.h"
#include "study/calibration_files.h"
#include "study/problem.h"
#include "study/samples.h"
#include "study/split_request.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  SampleArgs samples;
  PlanArgs plan;
  std::vector<std::string> cuts;
  std::string out;
  std::string name;
  std::string labels;
  std::vector<std::string> calibrations;
  std::string planned;  ///< file of a plan
};

/// Where the network is cut and what codes what crosses.
struct Chosen {
  std::vector<const graph::Cut*> cuts;
  std::string codec;  ///< of the values that are not calibrated
  std::vector<codec::CalibratedValue> calibrated;
};

/// Leaves the calibrations of values that cross. Where the user chose the cuts each has to; a plan
/// has those of all cuts.
Result<void> keep_crossing(const Args& args, Chosen& chosen) {
  std::vector<codec::CalibratedValue> kept;
  for (codec::CalibratedValue& calibrated : chosen.calibrated) {
    const std::string name = calibrated.value.name;
    const bool crosses = std::ranges::any_of(chosen.cuts, [&](const graph::Cut* cut) {
      return std::ranges::find(cut->values, name, &TensorSpec::name) != cut->values.end();
    });
    if (crosses) {
      kept.push_back(std::move(calibrated));
      continue;
    }
    if (!args.cuts.empty())
      return fail(ErrorCode::kInvalidArgument, "split",
                  "a calibration is for value '" + name + "', which crosses none of the cuts");
    if (args.planned.empty())
      fmt::print(stderr, "note: '{}' does not cross there: its calibration is left out\n", name);
  }
  chosen.calibrated = std::move(kept);
  return {};
}

/// What was calibrated before for a value; null where nothing was.
const codec::CalibratedValue* calibrated_before(const Chosen& chosen, const TensorSpec& value) {
  const auto known = std::ranges::find(
      chosen.calibrated, value.name,
      [](const codec::CalibratedValue& calibrated) { return calibrated.value.name; });
  return known == chosen.calibrated.end() ? nullptr : &*known;
}

/// Does a codec of the bundle rest on the samples?
bool rests_on_samples(const bundle::Manifest& manifest, const Chosen& chosen) {
  return std::ranges::any_of(manifest.cuts, [&](const bundle::CutEntry& cut) {
    return std::ranges::any_of(cut.crossing, [&](const bundle::CrossingValue& crossing) {
      return !crossing.calibration.empty() && calibrated_before(chosen, crossing.value) == nullptr;
    });
  });
}

/// The codec of each value that crosses, each once.
std::string codecs_of(const graph::Cut& cut, const Chosen& chosen) {
  std::string text;
  for (const TensorSpec& value : cut.values) {
    const codec::CalibratedValue* known = calibrated_before(chosen, value);
    const std::string& codec = known == nullptr ? chosen.codec : known->codec;
    if (text.find(codec) == std::string::npos) text += (text.empty() ? "" : " and ") + codec;
  }
  return text;
}

/// The cuts that were asked for; without any, the planner's best split for the link.
Result<std::vector<const graph::Cut*>> choose_cuts(const graph::Model& model, const Args& args,
                                                   const std::optional<plan::Problem>& problem) {
  std::vector<const graph::Cut*> cuts;
  for (const std::string& text : args.cuts) cuts.push_back(CLEAVE_TRY(model.find_cut(text)));
  if (!cuts.empty()) return cuts;
  if (!problem) {
    return fail(ErrorCode::kInvalidArgument, "split",
                "neither --at CUT nor --device and --cloud profiles were given");
  }
  const auto ranking = CLEAVE_TRY(plan::rank_cuts(*problem, plan::Objective::kLatency));
  for (const plan::Candidate& c : ranking) {
    if (c.strategy != plan::Strategy::kSplit) continue;
    cuts.push_back(CLEAVE_TRY(model.find_cut(std::to_string(c.cut))));
    return cuts;
  }
  return fail(ErrorCode::kNotFound, "split", "the network has no cut");
}

/// The problem of the profiles, where there are any, as the chosen codecs make it.
Result<std::optional<plan::Problem>> find_problem(const LoadedModel& loaded, const Args& args,
                                                  const Chosen& chosen) {
  if (args.plan.device.empty() || args.plan.cloud.empty()) return std::nullopt;
  PlanArgs plan = args.plan;
  plan.codec = chosen.codec;
  plan::Problem problem = CLEAVE_TRY(make_problem(loaded, plan, args.samples));
  if (chosen.calibrated.empty()) return problem;
  const plan::CodecChoice table =
      CLEAVE_TRY(measure_calibrated(loaded, args.samples, chosen.calibrated));
  CLEAVE_CHECK(study::set_values(problem, loaded.model, table));
  return problem;
}

/// Codecs and, where a plan says it, the cut.
Result<Chosen> choose_codecs(const LoadedModel& loaded, const Args& args) {
  Chosen chosen;
  if (args.planned.empty()) {
    chosen.codec = args.plan.codec;
    chosen.calibrated = CLEAVE_TRY(study::load_calibrations(loaded.model, args.calibrations));
    return chosen;
  }
  const Json plan = CLEAVE_TRY(parse_json(CLEAVE_TRY(read_file(args.planned)), args.planned));
  study::PlannedSplit split =
      CLEAVE_TRY(about("'" + args.planned + "'", study::split_of_plan(plan, loaded.model)));
  if (!split.best)
    fmt::print(stderr,
               "note: the plan's schedule is no single split: this is the best one of it\n");
  chosen.codec = std::move(split.codec);
  chosen.calibrated = std::move(split.calibrated);
  chosen.cuts = {CLEAVE_TRY(loaded.model.find_cut(split.cut))};
  return chosen;
}

void print(const LoadedModel& loaded, const Chosen& chosen, const std::filesystem::path& out) {
  for (const graph::Cut* cut : chosen.cuts) {
    fmt::print(
        "cut {} after {}: {} value(s), {} bytes plain, coded by {}\n", cut->id(),
        loaded.model.layers()[static_cast<std::size_t>(cut->index) - 1].name, cut->values.size(),
        cut->bytes ? std::to_string(*cut->bytes) : "an unknown number of", codecs_of(*cut, chosen));
  }
  fmt::print("wrote {}\n", out.string());
}

Result<int> run(const Args& args) {
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  Chosen chosen = CLEAVE_TRY(choose_codecs(loaded, args));
  const auto problem = CLEAVE_TRY(find_problem(loaded, args, chosen));
  study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, args.samples.paths, args.samples.preprocess, args.samples.limit));
  const std::filesystem::path out = std::filesystem::path(args.out).lexically_normal();
  const std::string folder_name =
      (out.has_filename() ? out : out.parent_path()).filename().string();
  if (chosen.cuts.empty()) chosen.cuts = CLEAVE_TRY(choose_cuts(loaded.model, args, problem));
  CLEAVE_CHECK(keep_crossing(args, chosen));
  bundle::WriteRequest request;
  request.name = args.name.empty() ? folder_name : args.name;
  request.model_name = loaded.name;
  for (const graph::Cut* cut : chosen.cuts)
    request.cuts.push_back({.cut = cut, .codec = chosen.codec, .calibrated = chosen.calibrated});
  if (samples.preprocess) request.preprocess = samples.preprocess->spec();
  request.samples = std::move(samples.inputs);
  if (!args.labels.empty()) request.labels = CLEAVE_TRY(data::read_labels(args.labels));
  if (problem) study::add_costs(*problem, request);
  CLEAVE_CHECK(bundle::write_bundle(loaded.model, *loaded.engine, request, out));
  if (samples.random &&
      rests_on_samples(CLEAVE_TRY(bundle::Bundle::load(out)).manifest(), chosen)) {
    fmt::print(stderr, "note: no --samples: the codec was calibrated on seeded noise\n");
  }
  print(loaded, chosen, out);
  return 0;
}

}  // namespace

Action define_split(CLI::App& command) {
  auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_sample_args(command, args->samples);
  add_plan_args(command, args->plan);
  command.add_option("--at", args->cuts,
                     "where to cut: an index, a layer or a value of cleave inspect; may be "
                     "repeated, the first is the default; without it, the planner's choice");
  command.add_option("--out", args->out, "folder to write the bundle into")->required();
  command.add_option("--name", args->name, "the bundle's name; the folder's if not given");
  command.add_option("--labels", args->labels, "file with one class name a line");
  command.add_option(
      "--calibration", args->calibrations,
      "what `codec calibrate` wrote, a file or a folder of them, for the values that "
      "it has; may be repeated");
  command
      .add_option("--plan", args->planned,
                  "what `cleave plan --out` wrote: its cut and its codecs, calibrations among them")
      ->type_name("FILE")
      ->excludes("--at")
      ->excludes("--codec")
      ->excludes("--calibration");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
