// cleave eval: how well a network does on labelled pictures, and what a cut and its codec cost it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "data/labels.h"
#include "data/subset.h"
#include "engines.h"
#include "eval_print.h"
#include "model_args.h"
#include "study/samples.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  std::string data;
  std::string split;
  std::string cut;
  std::string preprocess;
  std::string labels;
  std::string precision = "f32";
  std::size_t limit = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

study::EvalOptions eval_options(engine::Precision precision, int threads, std::size_t total) {
  study::EvalOptions options;
  options.engine.threads = threads;
  options.engine.precision = precision;
  if (::isatty(STDERR_FILENO) == 0) return options;
  options.progress = [total, step = std::max<std::size_t>(total / 100, 1)](std::size_t done) {
    if (done % step == 0 || done == total)
      fmt::print(stderr, "\rpicture {} of {}{}", done, total, done == total ? "\r\033[K" : "");
  };
  return options;
}

/// The pictures to run, and how they become a network's input.
Result<study::EvalData> choose_data(const Args& args, const data::Dataset& set,
                                    const std::vector<TensorSpec>& inputs,
                                    const std::string& preprocess) {
  const auto chosen = CLEAVE_TRY(study::choose_preprocess(inputs, preprocess));
  if (inputs.size() != 1 || !chosen) {
    return fail(ErrorCode::kInvalidArgument, "eval",
                inputs.size() != 1
                    ? "the network has " + std::to_string(inputs.size()) +
                          " inputs, expected one that takes pictures"
                    : "input '" + inputs.front().name + "' of shape " +
                          shape_text(inputs.front().shape) +
                          " does not look like a picture; say how with --preprocess");
  }
  study::EvalData data{set, data::shuffled(set.size(), args.seed), *chosen, {}};
  if (args.limit > 0) data.pictures.resize(std::min(args.limit, data.pictures.size()));
  if (!args.labels.empty()) data.labels = CLEAVE_TRY(data::read_labels(args.labels));
  return data;
}

Result<void> evaluate_bundle(const Args& args, const data::Dataset& set,
                             engine::Precision precision, EvalReport& report) {
  const auto engine = CLEAVE_TRY(make_engine(args.model.engine));
  const bundle::Bundle bundle = CLEAVE_TRY(bundle::Bundle::load(args.model.path));
  const bundle::Manifest& manifest = bundle.manifest();
  const bundle::CutEntry* cut = &bundle.default_cut();
  if (!args.cut.empty()) cut = CLEAVE_TRY(bundle.find_cut(args.cut));
  study::EvalData data = CLEAVE_TRY(choose_data(
      args, set, manifest.inputs, args.preprocess.empty() ? manifest.preprocess : args.preprocess));
  if (data.labels.empty()) data.labels = manifest.labels;
  report.describe(*cut);
  report.describe(data);
  report.evaluation = CLEAVE_TRY(study::evaluate(
      bundle, *cut, *engine, data, eval_options(precision, args.threads, data.pictures.size())));
  return {};
}

Result<void> evaluate_model(const Args& args, const data::Dataset& set, engine::Precision precision,
                            EvalReport& report) {
  if (!args.cut.empty()) {
    return fail(ErrorCode::kInvalidArgument, "eval",
                "--cut " + args.cut + " of '" + args.model.path +
                    "', expected a bundle, which cleave split makes");
  }
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const study::EvalData data =
      CLEAVE_TRY(choose_data(args, set, loaded.model.inputs(), args.preprocess));
  report.describe(data);
  report.evaluation =
      CLEAVE_TRY(study::evaluate(loaded.model, *loaded.engine, data,
                                 eval_options(precision, args.threads, data.pictures.size())));
  return {};
}

Result<int> run(const Args& args) {
  const auto precision = CLEAVE_TRY(engine::parse_precision(args.precision));
  const data::Dataset set = CLEAVE_TRY(data::Dataset::open(args.data, args.split));
  EvalReport report;
  report.network = args.model.path;
  report.data = args.data;
  report.seed = args.seed;
  const bool is_bundle = bundle::is_bundle(args.model.path);
  CLEAVE_CHECK(is_bundle ? evaluate_bundle(args, set, precision, report)
                         : evaluate_model(args, set, precision, report));
  if (args.json)
    fmt::print("{}\n", dump_json(to_json(report), 2));
  else
    print(report);
  return 0;
}

}  // namespace

Action define_eval(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.add_option("MODEL|BUNDLE", args->model.path, "an ONNX file or a bundle")->required();
  command
      .add_option("--data", args->data,
                  "cifar10, fashion-mnist (below CLEAVE_DATA), or a folder or tar archive of "
                  "pictures, whose folders are the classes")
      ->required();
  command.add_option("--split", args->split, "train or test; test if there are both");
  command.add_option("--limit", args->limit, "pictures to run at most, 0 for all")
      ->capture_default_str();
  command.add_option("--seed", args->seed, "of the order from which --limit takes the first")
      ->capture_default_str();
  command.add_option("--cut", args->cut, "of the bundle; its default if not given");
  command.add_option("--preprocess", args->preprocess,
                     "how a picture becomes the input, image:size=…");
  command.add_option("--labels", args->labels,
                     "file with the network's class names, one a line, to find the data's by name");
  command
      .add_option("--shape", args->model.shapes,
                  "shape of a model's input, as name=1,3,224,224; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--engine", args->model.engine, "what runs networks")->capture_default_str();
  command.add_option("--precision", args->precision, "f32 or bf16")->capture_default_str();
  command.add_option("--threads", args->threads, "threads, 0 for all processors")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  command.add_flag("--json", args->json, "print JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
