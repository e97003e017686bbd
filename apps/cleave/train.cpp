// cleave train: trains a network, with a unit at a cut or as it is, and writes the bundle.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/json.h"
#include "base/spec.h"
#include "base/stats.h"
#include "torch.h"
#include "train_args.h"
#include "verbs.h"

namespace cleave::app {
namespace {

/// Said instead of a unit.
constexpr std::string_view kWithoutUnit = "network";
constexpr const char* kCodec = "quant:bits=8|zstd";

struct Args {
  TrainArgs train;
  std::string unit;  ///< empty for the network as it is
  std::string cut;
  std::string codec;  ///< empty where nothing crosses
  std::string out;
  std::string network;  ///< file for the network with its unit; empty: none
  std::string log;
  std::string floor;  ///< share of top-1; empty: none
  std::size_t limit = 0;
  std::string freeze = "nothing";
  bool json = false;
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

  Result<void> operator()(const train::EpochReport& report) {
    if (!told_) keep_before(report.epoch);
    told_ = true;
    csv_ += fmt::format("{},{:.6g},{:.6g},{:.1f},{:.6g},{:.2f},{:.3f}\n", report.epoch, report.loss,
                        report.accuracy, report.code_bytes, report.learning_rate, report.seconds,
                        report.loader_wait_s);
    if (!log_.empty() && written_) written_ = write_file(log_, csv_);
    if (::isatty(STDERR_FILENO) == 0) return {};
    const double left_s = report.seconds * static_cast<double>(report.epochs - report.epoch);
    fmt::print(stderr,
               "epoch {} of {}: loss {:.4f}, {:.2f} % on held-out pictures, {:.0f} bytes each; "
               "{:.1f} s, {:.1f} % of it waiting for pictures; {:.0f} s left\n",
               report.epoch, report.epochs, report.loss, 100 * report.accuracy, report.code_bytes,
               report.seconds, 100 * report.loader_wait_s / report.seconds, left_s);
    return {};
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

/// The bundle of what was trained.
Result<void> write_bundle(const Args& args, const Training& training,
                          const train::TrainedNetwork& trained) {
  const graph::Model model = CLEAVE_TRY(parse_trained(training, trained.onnx_bytes));
  const graph::Cut* cut = CLEAVE_TRY(model.find_cut(trained.code));
  // Without a unit it is the whole network that has learned.
  const bool has_unit = !trained.unit.empty();
  bundle::WriteRequest request;
  request.cuts = {{.cut = cut,
                   .network = has_unit ? &model : nullptr,
                   .codec = args.codec,
                   .calibrated = {{cut->values.front(), args.codec, trained.calibration}},
                   .unit = trained.unit,
                   .accuracy = trained.accuracy}};
  if (has_unit) request.accuracy = trained.uncut_accuracy;
  return write_trained(training, has_unit ? training.loaded.model : model, std::move(request),
                       args.out);
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

/// Sees that --network can be written beside --out.
Result<void> check_network_file(const Args& args) {
  if (args.network.empty()) return {};
  CLEAVE_CHECK(check_can_be_made(args.network, "train"));
  const auto place = [](const std::string& text) {
    const std::filesystem::path path = std::filesystem::absolute(text).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
  };
  if (!args.cut.empty() && place(args.network) != place(args.out)) return {};
  return fail(ErrorCode::kInvalidArgument, "train",
              args.cut.empty() ? "--network without --at, expected --out alone: it is the network"
                               : "--network '" + args.network + "', expected another than --out");
}

/// Whether no more was lost than `floor`, if there is one.
Result<void> check_floor(const Args& args, std::optional<double> floor,
                         const train::TrainedNetwork& trained) {
  const double loss = trained.uncut_accuracy - trained.accuracy;
  if (!floor || is_at_most(loss, *floor)) return {};
  return fail(
      ErrorCode::kNotFound, "train",
      fmt::format("{:.2f} points of top-1 lost, expected at most {:g} (--floor {}); '{}' is "
                  "written all the same",
                  100 * loss, 100 * *floor, args.floor, args.out));
}

Result<int> run(const Args& args) {
  const train::TrainOptions options = CLEAVE_TRY(train_options(args.train));
  const train::Frozen frozen = CLEAVE_TRY(parse_frozen(args.freeze));
  std::optional<double> floor;
  if (!args.floor.empty()) floor = CLEAVE_TRY(about("--floor", parse_share(args.floor)));
  CLEAVE_CHECK(need_torch());
  CLEAVE_CHECK(check_can_be_made(args.out, "train"));
  CLEAVE_CHECK(check_network_file(args));
  const Training training = CLEAVE_TRY(open_training(args.train, "train"));
  const graph::Cut* cut = nullptr;
  if (!args.cut.empty()) cut = CLEAVE_TRY(training.loaded.model.find_cut(args.cut));
  Teller teller(args.log);
  CLEAVE_CHECK(teller.begin(!options.checkpoint.empty()));
  const train::TrainRequest request{.model = training.loaded.model,
                                    .cut = cut,
                                    .unit = args.unit,
                                    .codec = args.codec,
                                    .pictures = training.set,
                                    .preprocess = training.preprocess,
                                    .limit = args.limit,
                                    .validation_share = args.train.validation,
                                    .frozen = frozen,
                                    .options = options};
  const train::TrainedNetwork trained = CLEAVE_TRY(run_training(request, std::ref(teller)));
  if (cut == nullptr)
    CLEAVE_CHECK(write_file(args.out, trained.onnx_bytes));
  else
    CLEAVE_CHECK(write_bundle(args, training, trained));
  if (!args.network.empty()) CLEAVE_CHECK(write_file(args.network, trained.onnx_bytes));
  print(args, trained);
  CLEAVE_CHECK(teller.written());
  CLEAVE_CHECK(check_floor(args, floor, trained));
  return 0;
}

}  // namespace

Action define_train(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command
      .add_option("UNIT", args->unit,
                  "butterfly:channels=C, bottleneck:channels=C,stride=S[,filter=F], or network: "
                  "without a unit")
      ->required();
  command.add_option("MODEL", args->train.model.path, "an ONNX file")->required();
  command.add_option(
      "--at", args->cut,
      "the cut: its index, or the value or layer before it; a network can be trained "
      "without");
  command.add_option("--out", args->out, "folder of the bundle; without --at, an ONNX file")
      ->required();
  command.add_option("--network", args->network,
                     "ONNX file for the whole network, unit and all, to go on from");
  command.add_option("--codec", args->codec, "codes what crosses, in training too")
      ->default_str(kCodec);
  command.add_option("--floor", args->floor,
                     "share of top-1 that may be lost, as 2%; a run that loses more ends with an "
                     "error");
  command.add_option("--limit", args->limit, "pictures at most, 0 for all")->capture_default_str();
  command
      .add_option(
          "--freeze", args->freeze,
          "what stays as it is: nothing, head (all before the cut), or network (all but the "
          "unit)")
      ->capture_default_str();
  add_training_set_args(command, args->train);
  add_loop_args(command, args->train);
  command.add_option("--checkpoint", args->train.options.checkpoint,
                     "file that is written after each epoch, and gone on from where it exists");
  command.add_option("--log", args->log, "CSV file with a line for each epoch");
  command.add_flag("--json", args->json, "print JSON");
  return [args] {
    if (args->unit == kWithoutUnit) args->unit.clear();
    if (args->codec.empty() && !args->cut.empty()) args->codec = kCodec;
    return run(*args);
  };
}

}  // namespace cleave::app
