// cleave codec calibrate: the cheapest way to send a cut's values that keeps the answers.
#include "codec_calibrate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>

#include "base/checksum.h"
#include "base/file.h"
#include "base/spec.h"
#include "model_args.h"
#include "picture_args.h"
#include "study/calibrate.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  PictureArgs pictures;
  std::string cut;
  std::string floor = "1%";
  double kl_nats = 0;
  double psnr_db = 0;
  std::size_t limit = 512;
  int threads = 0;
  bool no_compare = false;
  bool json = false;
  std::string out;
};

Json to_json(const study::Estimate& estimate) {
  return {{"value", estimate.value},
          {"low", estimate.low},
          {"high", estimate.high},
          {"samples", estimate.samples}};
}

Json to_json(const study::CalibrationScore& score) {
  const study::AccuracyReport& accuracy = score.summary.accuracy;
  Json json{{"bytes_per_sample", to_json(score.summary.bytes)}};
  const auto add = [&](const char* key, const std::optional<study::Estimate>& estimate) {
    if (estimate) json[key] = to_json(*estimate);
  };
  add("top1_share", accuracy.top1);
  add("top1_loss_share", score.top1_loss);
  add("agreement_share", accuracy.agreement);
  add("kl_nats", accuracy.kl_nats);
  add("psnr_db", accuracy.psnr_db);
  return json;
}

Json to_json(const study::Calibration& calibration, const graph::Cut& cut,
             const LoadedModel& loaded, const std::string& model_sha256) {
  Json others = Json::array();
  for (const study::FamilyChoice& other : calibration.others) {
    const bool found = std::isfinite(other.bytes_at_limit);
    others.push_back({{"codecs", other.family},
                      {"codec", other.spec},
                      {"bytes_at_limit", found ? Json(other.bytes_at_limit) : Json()}});
  }
  Json steps = Json::array();
  for (const study::StepScore& step : calibration.steps)
    steps.push_back({{"step", step.step},
                     {"bytes_per_sample", step.summary.bytes.value},
                     {"loss_share", step.loss_share}});
  return {{"format", codec::kCalibrationFormat},
          {"model", loaded.name},
          {"model_sha256", model_sha256},
          {"cut", cut.id()},
          {"limit", calibration.limit},
          {"calibration_bytes", calibration.json_bytes},
          {"design", calibration.design},
          {"fitted", to_json(calibration.fitted)},
          {"held_out", to_json(calibration.held_out)},
          {"held_out_bytes_at_limit", calibration.own_bytes_at_limit},
          {"others", others},
          {"steps", steps},
          {"values", codec::to_json(calibration.values)}};
}

std::string with_interval(const std::optional<study::Estimate>& estimate, double unit) {
  if (!estimate) return "-";
  return fmt::format("{:.3g} ({:.3g} to {:.3g})", estimate->value * unit, estimate->low * unit,
                     estimate->high * unit);
}

void print_score(const char* which, const study::CalibrationScore& score) {
  const study::AccuracyReport& accuracy = score.summary.accuracy;
  fmt::print(
      "{:<10} {:>8.0f} {:>22} {:>22} {:>24} {:>8}\n", which, score.summary.bytes.value,
      with_interval(score.top1_loss, 100), with_interval(accuracy.agreement, 100),
      accuracy.psnr_db ? with_interval(accuracy.psnr_db, 1) : with_interval(accuracy.kl_nats, 1),
      score.summary.bytes.samples);
}

void print(const study::Calibration& calibration) {
  fmt::print("limit      {}\n", calibration.limit);
  for (const codec::CalibratedValue& value : calibration.values)
    fmt::print("value      {} {} {}, coded by {}\n", value.value.name,
               dtype_name(value.value.dtype), shape_text(value.value.shape), value.codec);
  fmt::print("calibrated {} bytes as JSON\n", calibration.json_bytes);
  fmt::print("design     {}; best of {}\n\n", calibration.design, calibration.designs);
  const bool picture = calibration.fitted.summary.accuracy.psnr_db.has_value();
  fmt::print("{:<10} {:>8} {:>22} {:>22} {:>24} {:>8}\n", "half", "bytes", "points of top-1 lost",
             "agreement, %", picture ? "PSNR, dB" : "KL, nat", "pictures");
  print_score("fitted", calibration.fitted);
  print_score("held out", calibration.held_out);
  if (!calibration.steps.empty()) {
    fmt::print(
        "\nstep, of the chosen   bytes   {} lost, %   (fitted half; target_loss takes these)\n",
        calibration.fitted.summary.accuracy.top1 ? "top-1" : "agreement");
    for (const study::StepScore& step : calibration.steps)
      fmt::print("{:<20.2f} {:>6.0f} {:>12.2f}\n", step.step, step.summary.bytes.value,
                 100 * step.loss_share);
  }
  if (calibration.others.empty()) return;
  fmt::print("\nat the limit on the pictures held out   bytes\n");
  fmt::print("{:<36} {:>8.0f}\n", "cleave", calibration.own_bytes_at_limit);
  for (const study::FamilyChoice& other : calibration.others)
    fmt::print("{:<36} {:>8}\n", other.family,
               std::isfinite(other.bytes_at_limit) ? fmt::format("{:.0f}", other.bytes_at_limit)
                                                   : "never");
}

Result<study::CalibrationOptions> options_of(const Args& args) {
  study::CalibrationOptions options;
  options.limit.loss_share = CLEAVE_TRY(about("--floor", parse_share(args.floor)));
  if (args.kl_nats > 0) options.limit.kl_nats = args.kl_nats;
  if (args.psnr_db > 0) options.limit.psnr_db = args.psnr_db;
  options.threads = args.threads;
  options.compare = !args.no_compare;
  options.progress = [](const std::string& what) { fmt::print(stderr, "{}\n", what); };
  return options;
}

Result<int> run(const Args& args) {
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const graph::Cut* cut = CLEAVE_TRY(loaded.model.find_cut(args.cut));
  const PictureHalves pictures =
      CLEAVE_TRY(open_pictures(loaded.model, args.pictures, args.limit / 2));
  const auto calibration =
      CLEAVE_TRY(study::calibrate_cut(loaded.model, *cut, *loaded.engine, pictures.fit(),
                                      pictures.held_out(), CLEAVE_TRY(options_of(args))));
  const std::string model_bytes = CLEAVE_TRY(loaded.model.to_bytes());
  const Json json = to_json(calibration, *cut, loaded, sha256_hex(as_bytes(model_bytes)));
  if (!args.out.empty()) CLEAVE_CHECK(write_file(args.out, dump_json(json, 1) + "\n"));
  if (args.json) {
    fmt::print("{}\n", dump_json(json, 2));
  } else {
    print(calibration);
    if (!args.out.empty()) fmt::print("\nwrote {}\n", args.out);
  }
  return 0;
}

}  // namespace

std::function<Result<int>()> define_codec_calibrate(CLI::App& command) {
  const auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  command.add_option("--at", args->cut, "where to cut: its number, the layer before it, a value")
      ->required();
  add_picture_args(command, args->pictures);
  command
      .add_option("--floor", args->floor,
                  "share of top-1 that may be lost; without labels, of agreement")
      ->capture_default_str();
  command.add_option("--kl", args->kl_nats, "instead: largest mean KL divergence, in nats")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--psnr", args->psnr_db,
                  "for networks whose outputs are no classes: their least PSNR, in dB")
      ->check(CLI::PositiveNumber);
  command.add_option("--limit", args->limit, "pictures: half calibrate, half score")
      ->capture_default_str();
  command.add_option("--threads", args->threads, "0: every processor")->capture_default_str();
  command.add_flag("--no-compare", args->no_compare, "do not try other codecs beside");
  command.add_option("--out", args->out, "file for the calibration");
  command.add_flag("--json", args->json, "print JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
