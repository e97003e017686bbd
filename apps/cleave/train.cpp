// cleave train: trains a network, with a unit at a cut or as it is, and writes the bundle.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "base/spec.h"
#include "bundle/writer.h"
#include "engine/type_inference.h"
#include "model_args.h"
#include "picture_args.h"
#include "study/machine.h"
#include "study/samples.h"
#include "torch.h"
#include "verbs.h"

namespace cleave::app {
namespace {

/// Pictures that codecs of a bundle are calibrated on.
constexpr std::size_t kCalibrating = 64;
/// Said instead of a unit.
constexpr std::string_view kWithoutUnit = "network";
constexpr const char* kCodec = "quant:bits=8|zstd";

struct Args {
  std::string unit;  ///< empty for the network as it is
  ModelArgs model;
  std::string cut;
  std::string data;
  std::string preprocess;
  std::string codec;  ///< empty where nothing crosses
  std::string out;
  std::string log;
  std::string optimizer = "sgd";
  std::string schedule = "cosine";
  std::string precision = "auto";
  double validation = 0.1;
  std::size_t limit = 0;
  std::string freeze = "nothing";
  bool json = false;
  train::TrainOptions options;
};

/// Writes the log with each epoch, and tells it where someone is looking.
class Teller {
 public:
  explicit Teller(std::string log) : log_(std::move(log)) {}

  /// Sees that the log can be written. Where a run may go on from a checkpoint, earlier lines stay.
  Result<void> begin(bool goes_on) {
    if (log_.empty()) return {};
    if (goes_on && std::filesystem::exists(log_)) earlier_ = CLEAVE_TRY(read_file(log_));
    return write_file(log_, earlier_.empty() ? csv_ : earlier_);
  }

  void operator()(const train::EpochReport& report) {
    if (!told_) keep_before(report.epoch);
    told_ = true;
    csv_ += fmt::format("{},{:.6g},{:.6g},{:.1f},{:.6g},{:.2f},{:.3f}\n", report.epoch, report.loss,
                        report.accuracy, report.code_bytes, report.learning_rate, report.seconds,
                        report.loader_wait_s);
    if (!log_.empty() && written_) written_ = write_file(log_, csv_);
    if (::isatty(STDERR_FILENO) == 0) return;
    const double left_s = report.seconds * static_cast<double>(report.epochs - report.epoch);
    fmt::print(stderr,
               "epoch {} of {}: loss {:.4f}, {:.2f} % on held-out pictures, {:.0f} bytes each; "
               "{:.1f} s, {:.1f} % of it waiting for pictures; {:.0f} s left\n",
               report.epoch, report.epochs, report.loss, 100 * report.accuracy, report.code_bytes,
               report.seconds, 100 * report.loader_wait_s / report.seconds, left_s);
  }
  Result<void> written() const { return written_; }

 private:
  /// Lines of epochs that a checkpoint had.
  void keep_before(std::int64_t epoch) {
    for (const std::string_view line : split(earlier_, '\n')) {
      const auto number = parse_number<std::int64_t>(line.substr(0, line.find(',')));
      if (number && *number < epoch) csv_ += std::string(line) + '\n';
    }
  }

  std::string log_;
  std::string earlier_;
  bool told_ = false;
  std::string csv_ = "epoch,loss,accuracy,code_bytes,learning_rate,seconds,loader_wait_s\n";
  Result<void> written_;
};

Result<train::Frozen> parse_frozen(const std::string& name) {
  if (name == "nothing") return train::Frozen::kNothing;
  if (name == "head") return train::Frozen::kHead;
  if (name == "network") return train::Frozen::kNetwork;
  return std::unexpected(
      unknown_name("train", "frozen part", name, {"nothing", "head", "network"}));
}

Result<train::TrainOptions> options_of(const Args& args) {
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

Result<void> write_trained(const Args& args, const LoadedModel& loaded,
                           const train::TrainedNetwork& trained, const data::Dataset& set,
                           const data::Preprocess& preprocess) {
  graph::LoadOptions load;
  load.infer = engine::type_inference(*loaded.engine);
  const graph::Model model = CLEAVE_TRY(graph::Model::parse(trained.onnx_bytes, load));
  const std::filesystem::path out = std::filesystem::path(args.out).lexically_normal();
  bundle::WriteRequest request;
  request.name = (out.has_filename() ? out : out.parent_path()).filename().string();
  request.model_name = loaded.name;
  request.cuts = {CLEAVE_TRY(model.find_cut(trained.code))};
  request.codec = args.codec;
  request.calibrated = {{request.cuts.front()->values.front(), args.codec, trained.calibration}};
  request.preprocess = preprocess.spec();
  // A network may tell more classes apart than the pictures have.
  const auto answers = element_count(model.outputs().front().shape);
  if (answers == static_cast<std::int64_t>(set.classes().size())) request.labels = set.classes();
  for (std::size_t i = 0; i < std::min(kCalibrating, set.size()); ++i)
    request.samples.push_back({preprocess.apply(CLEAVE_TRY(set.picture(i)))});
  return bundle::write_bundle(model, *loaded.engine, request, out);
}

void print(const Args& args, const train::TrainedNetwork& trained) {
  if (args.json) {
    fmt::print("{}\n", dump_json({{"unit", trained.unit},
                                  {"value", trained.code},
                                  {"codec", args.codec},
                                  {"training_pictures", trained.training},
                                  {"validation_pictures", trained.validation},
                                  {"uncut_accuracy", trained.uncut_accuracy},
                                  {"accuracy", trained.accuracy},
                                  {"payload_bytes", trained.code_bytes}},
                                 2));
    return;
  }
  if (!args.cut.empty())
    fmt::print("{} at {}, coded by {}\n", args.unit.empty() ? "no unit" : trained.unit, args.cut,
               args.codec);
  fmt::print("trained on {} pictures, scored on {} others\n", trained.training, trained.validation);
  fmt::print("top-1  uncut, as it was     {:6.2f} %\n", 100 * trained.uncut_accuracy);
  fmt::print("       {:<20} {:6.2f} %\n",
             args.cut.empty()    ? "trained"
             : args.unit.empty() ? "with codec"
                                 : "with unit and codec",
             100 * trained.accuracy);
  if (!args.cut.empty()) fmt::print("bytes of a picture's code   {:6.0f}\n", trained.code_bytes);
  fmt::print("written to {}\n", args.out);
}

/// Sees what would only show behind hours of training.
Result<void> check_place(const std::string& out) {
  const std::filesystem::path path = std::filesystem::absolute(out).lexically_normal();
  if (std::filesystem::exists(path))
    return fail(ErrorCode::kInvalidArgument, "train",
                "'" + out + "' is there already, expected something to be made");
  const std::filesystem::path folder =
      (path.has_filename() ? path : path.parent_path()).parent_path();
  if (std::filesystem::is_directory(folder) && ::access(folder.c_str(), W_OK) == 0) return {};
  return fail(ErrorCode::kIo, "train",
              "'" + folder.string() + "', expected a folder that can be written to");
}

Result<int> run(const Args& args) {
  const train::TrainOptions options = CLEAVE_TRY(options_of(args));
  const train::Frozen frozen = CLEAVE_TRY(parse_frozen(args.freeze));
  CLEAVE_CHECK(need_torch());
  CLEAVE_CHECK(check_place(args.out));
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const graph::Cut* cut = nullptr;
  if (!args.cut.empty()) cut = CLEAVE_TRY(loaded.model.find_cut(args.cut));
  const data::Dataset set = CLEAVE_TRY(open_training_set(args.data));
  const auto preprocess =
      CLEAVE_TRY(study::choose_preprocess(loaded.model.inputs(), args.preprocess));
  if (!preprocess)
    return fail(ErrorCode::kInvalidArgument, "train",
                "the network's input does not look like a picture; say how with --preprocess");
  Teller teller(args.log);
  CLEAVE_CHECK(teller.begin(!options.checkpoint.empty()));
  const train::TrainRequest request{.model = loaded.model,
                                    .cut = cut,
                                    .unit = args.unit,
                                    .codec = args.codec,
                                    .pictures = set,
                                    .preprocess = *preprocess,
                                    .limit = args.limit,
                                    .validation_share = args.validation,
                                    .frozen = frozen,
                                    .options = options};
  const train::TrainedNetwork trained = CLEAVE_TRY(run_training(request, std::ref(teller)));
  if (cut == nullptr)
    CLEAVE_CHECK(write_file(args.out, trained.onnx_bytes));
  else
    CLEAVE_CHECK(write_trained(args, loaded, trained, set, *preprocess));
  print(args, trained);
  CLEAVE_CHECK(teller.written());
  return 0;
}

void add_loop_options(CLI::App& command, Args& args) {
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
  number("--crop", options.augmentation.crop, "pixels by which pictures are moved at most")
      ->check(CLI::Range(0, 256));
  number("--flip", options.augmentation.flip, "mirror every second picture");
  number("--patience", options.patience,
         "stop after so many epochs that are no better than the best; 0: never")
      ->check(CLI::NonNegativeNumber);
  number("--seed", options.seed, "of weights, order and augmentation");
  number("--precision", args.precision, "f32, bf16, or auto: bf16 where the processor has it");
  command.add_option("--checkpoint", options.checkpoint,
                     "file that is written after each epoch, and gone on from where it exists");
  command.add_option("--log", args.log, "CSV file with a line for each epoch");
}

}  // namespace

Action define_train(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command
      .add_option("UNIT", args->unit,
                  "butterfly:channels=C, bottleneck:channels=C,stride=S[,filter=F], or network: "
                  "without a unit")
      ->required();
  command.add_option("MODEL", args->model.path, "an ONNX file")->required();
  command.add_option(
      "--at", args->cut,
      "the cut: its index, or the value or layer before it; a network can be trained "
      "without");
  command
      .add_option("--data", args->data,
                  "cifar10, fashion-mnist, or a folder or tar archive of pictures, whose folders "
                  "are the classes in the order of the network's answers")
      ->required();
  command.add_option("--out", args->out, "folder of the bundle; without --at, an ONNX file")
      ->required();
  command.add_option("--codec", args->codec, "codes what crosses, in training too")
      ->default_str(kCodec);
  command.add_option("--preprocess", args->preprocess,
                     "how a picture becomes the input, image:size=…");
  command.add_option("--validation", args->validation, "share of the pictures to score on")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--limit", args->limit, "pictures at most, 0 for all")->capture_default_str();
  command
      .add_option(
          "--freeze", args->freeze,
          "what stays as it is: nothing, head (all before the cut), or network (all but the "
          "unit)")
      ->capture_default_str();
  add_loop_options(command, *args);
  command.add_option("--shape", args->model.shapes, "shape of the input, as name=1,3,224,224")
      ->allow_extra_args(false);
  command.add_flag("--json", args->json, "print JSON");
  return [args] {
    if (args->unit == kWithoutUnit) args->unit.clear();
    if (args->codec.empty() && !args->cut.empty()) args->codec = kCodec;
    return run(*args);
  };
}

}  // namespace cleave::app
