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
};

/// What was calibrated must cross somewhere: else it was for another cut.
Result<void> check_calibrated(const bundle::WriteRequest& request) {
  for (const codec::CalibratedValue& calibrated : request.calibrated) {
    const std::string& name = calibrated.value.name;
    const bool crosses = std::ranges::any_of(request.cuts, [&](const graph::Cut* cut) {
      return std::ranges::find(cut->values, name, &TensorSpec::name) != cut->values.end();
    });
    if (!crosses)
      return fail(ErrorCode::kInvalidArgument, "split",
                  "a calibration is for value '" + name + "', which crosses none of the cuts");
  }
  return {};
}

/// The codec of each value that crosses, each once.
std::string codecs_of(const graph::Cut& cut, const bundle::WriteRequest& request) {
  std::string text;
  for (const TensorSpec& value : cut.values) {
    const auto known = std::ranges::find(
        request.calibrated, value.name,
        [](const codec::CalibratedValue& calibrated) { return calibrated.value.name; });
    const std::string& codec = known == request.calibrated.end() ? request.codec : known->codec;
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

Result<int> run(const Args& args) {
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  std::optional<plan::Problem> problem;
  if (!args.plan.device.empty() && !args.plan.cloud.empty()) {
    problem = CLEAVE_TRY(make_problem(loaded, args.plan, args.samples));
  }
  study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, args.samples.paths, args.samples.preprocess, args.samples.limit));
  const std::filesystem::path out = std::filesystem::path(args.out).lexically_normal();
  const std::string folder_name =
      (out.has_filename() ? out : out.parent_path()).filename().string();
  bundle::WriteRequest request;
  request.name = args.name.empty() ? folder_name : args.name;
  request.model_name = loaded.name;
  request.cuts = CLEAVE_TRY(choose_cuts(loaded.model, args, problem));
  request.codec = args.plan.codec;
  for (const std::string& file : args.calibrations) {
    const Json json = CLEAVE_TRY(parse_json(CLEAVE_TRY(read_file(file)), file));
    for (codec::CalibratedValue& value :
         CLEAVE_TRY(about(file, codec::calibrated_values_from_json(json))))
      request.calibrated.push_back(std::move(value));
  }
  CLEAVE_CHECK(check_calibrated(request));
  if (samples.preprocess) request.preprocess = samples.preprocess->spec();
  request.samples = std::move(samples.inputs);
  if (!args.labels.empty()) request.labels = CLEAVE_TRY(data::read_labels(args.labels));
  if (problem) study::add_costs(*problem, request);
  CLEAVE_CHECK(bundle::write_bundle(loaded.model, *loaded.engine, request, out));
  if (samples.random) {
    fmt::print(stderr, "note: no --samples: the codec was calibrated on seeded noise\n");
  }
  for (const graph::Cut* cut : request.cuts) {
    fmt::print("cut {} after {}: {} value(s), {} bytes plain, coded by {}\n", cut->id(),
               loaded.model.layers()[static_cast<std::size_t>(cut->index) - 1].name,
               cut->values.size(),
               cut->bytes ? std::to_string(*cut->bytes) : "an unknown number of",
               codecs_of(*cut, request));
  }
  fmt::print("wrote {}\n", out.string());
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
  command.add_option("--calibration", args->calibrations,
                     "what `codec calibrate` wrote, for the values that it has; may be repeated");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
