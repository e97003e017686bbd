#include "train_args.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "base/spec.h"
#include "engine/type_inference.h"
#include "picture_args.h"
#include "study/machine.h"
#include "study/samples.h"

namespace cleave::app {
namespace {

/// Pictures that codecs of a bundle are calibrated on.
constexpr std::size_t kCalibrating = 64;

}  // namespace

void add_training_set_args(CLI::App& command, TrainArgs& args) {
  command
      .add_option("--data", args.data,
                  "cifar10, fashion-mnist, or a folder or tar archive of pictures, whose folders "
                  "are the classes in the order of the network's answers")
      ->required();
  command.add_option("--preprocess", args.preprocess,
                     "how a picture becomes the input, image:size=…");
  command.add_option("--validation", args.validation, "share of the pictures to score on")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--shape", args.model.shapes, "shape of the input, as name=1,3,224,224")
      ->allow_extra_args(false);
}

void add_loop_args(CLI::App& command, TrainArgs& args) {
  train::TrainOptions& options = args.options;
  const auto number = [&](const char* name, auto& value, const char* help) {
    return command.add_option(name, value, help)->capture_default_str();
  };
  number("--epochs", options.epochs, "passes over the pictures")->check(CLI::Range(1, 100000));
  number("--batch", options.batch, "pictures of a step")->check(CLI::Range(1, 65536));
  number("--optimizer", args.optimizer, "sgd or adamw");
  number("--learning-rate", options.learning_rate, "at the beginning")->check(CLI::PositiveNumber);
  number("--schedule", args.schedule, "of the learning rate: cosine or step");
  number("--momentum", options.momentum, "of sgd")->check(CLI::Range(0.0, 1.0));
  number("--weight-decay", options.weight_decay, "")->check(CLI::NonNegativeNumber);
  number("--label-smoothing", options.label_smoothing, "share of the loss spread over all classes")
      ->check(CLI::Range(0.0, 1.0));
  number("--distillation", options.distillation,
         "share of the loss that is the distance from the uncut network's answers")
      ->check(CLI::Range(0.0, 1.0));
  number("--temperature", options.temperature, "that softens both for it")
      ->check(CLI::PositiveNumber);
  number("--rate", options.rate,
         "loss that a kilobyte of a picture's code counts as, by a learned entropy model")
      ->check(CLI::NonNegativeNumber);
  number("--crop", options.augmentation.crop, "pixels by which pictures are moved at most")
      ->check(CLI::Range(0, 256));
  number("--flip", options.augmentation.flip, "mirror every second picture");
  number("--patience", options.patience,
         "stop after so many epochs that are no better than the best; 0: never")
      ->check(CLI::NonNegativeNumber);
  number("--seed", options.seed, "of weights, order and augmentation");
  number("--threads", options.threads, "that compute, 0 for all processors")
      ->check(CLI::Range(0, 1024));
  number("--precision", args.precision, "f32, bf16, or auto: bf16 where the processor has it");
}

Result<train::TrainOptions> train_options(const TrainArgs& args) {
  train::TrainOptions options = args.options;
  if (args.optimizer != "sgd" && args.optimizer != "adamw")
    return std::unexpected(unknown_name("train", "optimizer", args.optimizer, {"sgd", "adamw"}));
  if (args.schedule != "cosine" && args.schedule != "step")
    return std::unexpected(unknown_name("train", "schedule", args.schedule, {"cosine", "step"}));
  if (args.precision != "auto" && !engine::parse_precision(args.precision))
    return std::unexpected(
        unknown_name("train", "precision", args.precision, {"auto", "f32", "bf16"}));
  options.optimizer = args.optimizer == "sgd" ? train::Optimizer::kSgd : train::Optimizer::kAdamW;
  options.schedule = args.schedule == "cosine" ? train::Schedule::kCosine : train::Schedule::kStep;
  options.bf16 = args.precision == "auto" ? study::processor_has_bf16()
                                          : CLEAVE_TRY(engine::parse_precision(args.precision)) ==
                                                engine::Precision::kBf16;
  return options;
}

Result<Training> open_training(const TrainArgs& args, std::string_view verb) {
  LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  data::Dataset set = CLEAVE_TRY(open_training_set(args.data));
  const auto preprocess =
      CLEAVE_TRY(study::choose_preprocess(loaded.model.inputs(), args.preprocess));
  if (!preprocess)
    return fail(ErrorCode::kInvalidArgument, verb,
                "the network's input does not look like a picture; say how with --preprocess");
  return Training{std::move(loaded), std::move(set), *preprocess};
}

Result<void> check_can_be_made(const std::string& out, std::string_view verb) {
  const std::filesystem::path path = std::filesystem::absolute(out).lexically_normal();
  if (std::filesystem::exists(path))
    return fail(ErrorCode::kInvalidArgument, verb,
                "'" + out + "' is there already, expected something to be made");
  const std::filesystem::path folder =
      (path.has_filename() ? path : path.parent_path()).parent_path();
  if (std::filesystem::is_directory(folder) && ::access(folder.c_str(), W_OK) == 0) return {};
  return fail(ErrorCode::kIo, verb,
              "'" + folder.string() + "', expected a folder that can be written to");
}

Result<graph::Model> parse_trained(const Training& training, std::string_view onnx_bytes) {
  graph::LoadOptions load;
  load.infer = engine::type_inference(*training.loaded.engine);
  return graph::Model::parse(onnx_bytes, load);
}

Result<void> write_trained(const Training& training, const graph::Model& whole,
                           bundle::WriteRequest request, const std::string& out) {
  const std::filesystem::path path = std::filesystem::path(out).lexically_normal();
  request.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  request.model_name = training.loaded.name;
  request.preprocess = training.preprocess.spec();
  // A network may tell more classes apart than the pictures have.
  const auto answers = element_count(whole.outputs().front().shape);
  if (answers == static_cast<std::int64_t>(training.set.classes().size()))
    request.labels = training.set.classes();
  for (std::size_t i = 0; i < std::min(kCalibrating, training.set.size()); ++i)
    request.samples.push_back({training.preprocess.apply(CLEAVE_TRY(training.set.picture(i)))});
  return bundle::write_bundle(whole, *training.loaded.engine, request, path);
}

}  // namespace cleave::app
