// cleave codec sweep: rate against accuracy, for every codec at every cut.
#include "codec_sweep.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "codec/codec.h"
#include "model_args.h"
#include "picture_args.h"
#include "study/calibration_files.h"
#include "sweep_print.h"

namespace cleave::app {
namespace {

constexpr std::string_view kPlace = "sweep";
/// As the family of the pictures themselves.
constexpr std::string_view kPicture = "picture";

struct Args {
  ModelArgs model;
  PictureArgs pictures;
  std::vector<std::string> cuts;
  std::vector<std::string> codecs;
  std::vector<std::string> calibrations;
  std::size_t count = 128;
  double kl_nats = study::SweepOptions{}.kl_nats;
  double psnr_db = study::SweepOptions{}.psnr_db;
  int threads = 0;
  std::string out;
  std::string picture;
};

/// Adds the codecs that a name or a spec means.
Result<void> add_codec(const std::string& text, study::SweepOptions& options) {
  if (text == study::kCleave) return options.cleave = true, Result<void>();
  if (text == study::kUncalibrated) return options.uncalibrated = true, Result<void>();
  if (text == kPicture) return options.pictures = true, Result<void>();
  std::string known = fmt::format("{}, {}, {}", study::kCleave, study::kUncalibrated, kPicture);
  bool found = false;
  for (const study::CodecFamily& family : study::codec_families()) {
    const std::string_view kind = study::kind_of(family.name);
    if (text == family.name || text == kind) {
      options.families.push_back(family);
      found = true;
    }
    if (known.find(fmt::format(", {}", kind)) == std::string::npos)
      known += fmt::format(", {}", kind);
  }
  if (found) return {};
  const auto codec = codec::Codec::create(text);
  if (!codec)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                fmt::format("--codec '{}' is none of {}, and no spec: {}", text, known,
                            codec.error().message));
  options.families.push_back({text, {text}});
  return {};
}

Result<study::SweepOptions> options_of(const Args& args, const graph::Model& model) {
  study::SweepOptions options;
  options.kl_nats = args.kl_nats;
  options.psnr_db = args.psnr_db;
  options.threads = args.threads;
  options.known = CLEAVE_TRY(study::load_calibrations(model, args.calibrations));
  options.progress = [](const std::string& what) { fmt::print(stderr, "{}\n", what); };
  if (args.codecs.empty()) {
    const auto families = study::codec_families();
    options.families.assign(families.begin(), families.end());
    return options;
  }
  options.cleave = options.uncalibrated = options.pictures = false;
  for (const std::string& codec : args.codecs) CLEAVE_CHECK(add_codec(codec, options));
  return options;
}

/// Those that were asked for, else those at which it pays to look; what is left out is said.
Result<std::vector<const graph::Cut*>> choose_cuts(const graph::Model& model, const Args& args) {
  std::vector<const graph::Cut*> cuts;
  for (const std::string& text : args.cuts) cuts.push_back(CLEAVE_TRY(model.find_cut(text)));
  if (!cuts.empty()) return cuts;
  const study::CutsToSweep choice = study::cuts_to_sweep(model);
  if (choice.cuts.empty())
    return fail(ErrorCode::kUnsupported, kPlace,
                "no cut sends floats in a single value: choose others by --at");
  std::string names;
  for (const graph::Cut* cut : choice.cuts) names += (names.empty() ? "" : ", ") + cut->id();
  fmt::print(stderr,
             "cuts {}; left out: {} where several values cross, {} where no less crosses than "
             "before, {} that no codec takes (--at takes any)\n",
             names, choice.several_values, choice.not_smaller, choice.not_coded);
  return choice.cuts;
}

Result<Sweep> sweep(const Args& args) {
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const graph::Model& model = loaded.model;
  const auto cuts = CLEAVE_TRY(choose_cuts(model, args));
  const study::SweepOptions options = CLEAVE_TRY(options_of(args, model));
  const PictureHalves pictures = CLEAVE_TRY(open_pictures(model, args.pictures, args.count));
  SteadyClock clock;
  Sweep sweep{loaded.name, {}, {}};
  sweep.pictures =
      CLEAVE_TRY(study::sweep_pictures(model, *loaded.engine, pictures.held_out(), options, clock));
  for (const graph::Cut* cut : cuts) {
    SweptCut swept{cut->id(), "", {}};
    swept.name =
        cut->id() + " after " + model.layers()[static_cast<std::size_t>(cut->index) - 1].name;
    swept.sweep = CLEAVE_TRY(study::sweep_cut(model, *cut, *loaded.engine, pictures.fit(),
                                              pictures.held_out(), options, clock));
    for (const std::string& refused : swept.sweep.refused)
      fmt::print(stderr, "note: cut {}: {}\n", cut->id(), refused);
    sweep.cuts.push_back(std::move(swept));
  }
  return sweep;
}

Result<int> run(const Args& args) {
  if (!args.picture.empty()) CLEAVE_CHECK(check_picture_name(args.picture));
  const Sweep swept = CLEAVE_TRY(sweep(args));
  const std::string csv = csv_of(swept);
  if (args.out.empty()) {
    fmt::print("{}", csv);
    fmt::print(stderr, "{}", differences_of(swept));
  } else {
    CLEAVE_CHECK(write_file(args.out, csv));
    fmt::print("{}wrote {}\n", differences_of(swept), args.out);
  }
  if (args.picture.empty()) return 0;
  CLEAVE_CHECK(draw_sweep(swept, args.picture));
  fmt::print(args.out.empty() ? stderr : stdout, "drew {}\n", args.picture);
  return 0;
}

void add_codecs(CLI::App& command, Args& args) {
  command.add_option("--codec", args.codecs,
                     "a kind of codec as the CSV names it, picture, or a spec; may be repeated; "
                     "all kinds without it");
  command.add_option("--calibration", args.calibrations,
                     "what `codec calibrate` wrote, a file or a folder of them, so that cleave is "
                     "not calibrated anew for these values; may be repeated");
  command
      .add_option("--kl", args.kl_nats,
                  "mean KL divergence that cleave is calibrated for, in nats; other steps are "
                  "swept from there")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--psnr", args.psnr_db,
                  "for networks that make pictures: PSNR of the output in its place, in dB")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

}  // namespace

std::function<Result<int>()> define_codec_sweep(CLI::App& command) {
  const auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  command.add_option("--at", args->cuts,
                     "where to cut: its number, the layer before it, a value; may be repeated; "
                     "without it, wherever less crosses than at every cut before");
  add_picture_args(command, args->pictures);
  command
      .add_option("--pictures", args->count,
                  "pictures that score; as many others calibrate, at least 8 of each")
      ->check(CLI::Range(8, 100'000))
      ->capture_default_str();
  add_codecs(command, *args);
  command.add_option("--threads", args->threads, "0: every processor")->capture_default_str();
  command.add_option("--out", args->out, "file for the CSV, which else goes to stdout");
  command.add_option("--picture", args->picture,
                     "draw accuracy over bytes, as .svg or .png (by gnuplot)");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
