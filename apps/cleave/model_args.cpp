#include "model_args.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "data/picture_codec.h"
#include "engine/type_inference.h"
#include "engines.h"

namespace cleave::app {

void add_model_args(CLI::App& command, ModelArgs& args) {
  command.add_option("MODEL", args.path, "an ONNX file")->required();
  command
      .add_option("--shape", args.shapes, "shape of an input, as name=1,3,224,224; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--engine", args.engine, "what runs networks")->capture_default_str();
}

Result<LoadedModel> load_model(const ModelArgs& args) {
  auto engine = CLEAVE_TRY(make_engine(args.engine));
  graph::LoadOptions options;
  for (const std::string& text : args.shapes)
    options.shapes.insert(CLEAVE_TRY(graph::parse_shape_option(text)));
  options.infer = engine::type_inference(*engine);
  graph::Model model = CLEAVE_TRY(graph::Model::load(args.path, options));
  return LoadedModel{std::move(engine), std::move(model),
                     std::filesystem::path(args.path).stem().string()};
}

void add_run_args(CLI::App& command, RunArgs& args) {
  command.add_option("--threads", args.threads, "threads, 0 for all processors")
      ->capture_default_str();
  command.add_option("--precision", args.precision, "f32 or bf16")->capture_default_str();
  command.add_option("--hint", args.hint, "latency or throughput")->capture_default_str();
}

Result<engine::EngineOptions> engine_options(const RunArgs& args) {
  if (args.threads < 0) {
    return fail(ErrorCode::kInvalidArgument, "threads",
                "--threads is " + std::to_string(args.threads) + ", expected 0 or more");
  }
  engine::EngineOptions options;
  options.threads = args.threads;
  options.precision = CLEAVE_TRY(engine::parse_precision(args.precision));
  options.hint = CLEAVE_TRY(engine::parse_hint(args.hint));
  return options;
}

std::string picture_help(std::string_view what) {
  std::string help(what);
  for (const data::PictureKind& kind : data::picture_kinds())
    help += fmt::format("\n  {}{}{}", kind.name, kind.settings.empty() ? "" : ": ", kind.settings);
  return help;
}

void add_sample_args(CLI::App& command, SampleArgs& args) {
  command.add_option(
      "--samples", args.paths,
      "photos, .npy files, folders or films to run the network on; without them, seeded noise");
  command.add_option("--preprocess", args.preprocess,
                     "how a picture becomes the input, image:size=…");
  command.add_option("--sample-limit", args.limit, "samples that are read at most")
      ->capture_default_str();
}

}  // namespace cleave::app
