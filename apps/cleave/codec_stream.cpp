// cleave codec stream: a film's features over a cut, frame by frame.
#include "codec_stream.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "codec/calibrated_value.h"
#include "model_args.h"
#include "study/codec_families.h"
#include "study/samples.h"
#include "study/stream_trial.h"

namespace cleave::app {
namespace {

constexpr std::string_view kPlace = "codec.stream";

/// What is tried where no codec is named.
constexpr std::array kDefaultCodecs{
    "quant:bits=8,range=minmax|tile|h264:qp=20,preset=veryfast",
    "quant:bits=8,range=minmax|tile|h265:qp=20,preset=veryfast",
    "quant:bits=4,range=minmax|zstd",
    "cleave",
};

struct Args {
  ModelArgs model;
  SampleArgs samples;
  std::string cut;
  std::string film;
  std::vector<std::string> codecs;
  std::string calibration;
  std::size_t frames = 300;
  std::size_t fit_frames = 8;
  std::optional<std::size_t> drop;
  std::size_t request_frames = 0;
  bool json = false;
};

/// One codec, sent in one way.
struct Row {
  std::string codec;
  study::StreamScore score;
  std::optional<study::Recovery> recovery;
};

/// Everything that is shown.
struct Report {
  const Args& args;
  const graph::Cut& cut;
  study::FilmFrames film;
  std::string fitted_on;
  std::vector<Row> rows;
};

/// Codecs of one spec for every crossing value: of the calibration file where that has them, else
/// calibrated on the trial's samples.
Result<std::vector<codec::Codec>> codecs_for(const std::string& spec, const graph::Cut& cut,
                                             std::span<const codec::CalibratedValue> calibrated,
                                             const study::CutTrial& fit) {
  if (spec != "cleave" || calibrated.empty()) return study::calibrated_codecs(spec, fit);
  std::vector<codec::Codec> codecs;
  for (const TensorSpec& value : cut.values) {
    const auto known = CLEAVE_TRY(codec::find_calibrated(calibrated, value.name));
    codecs.push_back(CLEAVE_TRY(codec::Codec::create(known.codec, known.calibration)));
  }
  return codecs;
}

Result<std::vector<codec::CalibratedValue>> read_calibration(const std::string& path) {
  if (path.empty()) return std::vector<codec::CalibratedValue>{};
  const Json file = CLEAVE_TRY(parse_json(CLEAVE_TRY(read_file(path)), path));
  return about("'" + path + "'", codec::calibrated_values_from_json(file));
}

/// Both ways of one codec, or the one way there is.
Result<std::vector<Row>> try_codec(const std::string& spec, const Args& args, const graph::Cut& cut,
                                   std::span<const codec::CalibratedValue> calibrated,
                                   const study::CutTrial& fit, study::CutTrial& film) {
  SteadyClock clock;
  std::vector<Row> rows;
  const auto codecs = CLEAVE_TRY(codecs_for(spec, cut, calibrated, fit));
  for (const study::FrameCoding coding : study::codings_of(codecs.front())) {
    auto used = codecs;
    if (coding == study::FrameCoding::kIntra)
      used = CLEAVE_TRY(study::calibrated_codecs(CLEAVE_TRY(study::with_gop(spec, 1)), fit));
    Row row{used.front().spec(), CLEAVE_TRY(study::send_film(film, used, coding, clock)), {}};
    if (args.drop && coding != study::FrameCoding::kStill) {
      row.recovery = CLEAVE_TRY(study::lose_packet(film, used, {*args.drop, args.request_frames}));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Json to_json(const std::optional<double>& number) { return number ? Json(*number) : Json(); }

Json to_json(const Summary& ms) {
  return {{"median", ms.median}, {"p95", ms.p95}, {"mean", ms.mean}};
}

Json to_json(const Row& row) {
  const study::StreamScore& score = row.score;
  const study::AccuracyReport& accuracy = score.accuracy;
  const auto value = [](const std::optional<study::Estimate>& estimate) {
    return estimate ? Json(estimate->value) : Json();
  };
  Json json{{"codec", row.codec},
            {"coding", study::frame_coding_name(score.coding)},
            {"bytes_per_frame", score.bytes_per_frame},
            {"key_bytes", to_json(score.key_bytes)},
            {"change_bytes", to_json(score.change_bytes)},
            {"encode_ms", to_json(score.encode_ms)},
            {"decode_ms", to_json(score.decode_ms)},
            {"agreement_share", value(accuracy.agreement)},
            {"kl_nats", value(accuracy.kl_nats)},
            {"psnr_db", value(accuracy.psnr_db)}};
  if (row.recovery) {
    json["recovery"] = {{"lost_frames", row.recovery->lost_frames},
                        {"decoded_frames", row.recovery->decoded_frames},
                        {"differing_frames", row.recovery->differing_frames},
                        {"key_bytes", row.recovery->key_bytes}};
  }
  return json;
}

Json to_json(const Report& report) {
  Json rows = Json::array();
  for (const Row& row : report.rows) rows.push_back(to_json(row));
  Json json{{"format", "cleave-stream/1"},
            {"network", report.args.model.path},
            {"cut_id", report.cut.id()},
            {"film", report.args.film},
            {"film_width", report.film.width},
            {"film_height", report.film.height},
            {"frames", report.film.inputs.size()},
            {"fitted_on", report.fitted_on},
            {"ways", std::move(rows)}};
  if (report.args.drop) {
    json["dropped_frame"] = *report.args.drop;
    json["request_frames"] = report.args.request_frames;
  }
  return json;
}

std::string bytes_text(const std::optional<double>& bytes) {
  return bytes ? fmt::format("{:.0f}", *bytes) : "-";
}

std::string ms_text(const Summary& ms) { return fmt::format("{:.1f} / {:.1f}", ms.median, ms.p95); }

std::string score_text(const study::AccuracyReport& accuracy) {
  if (accuracy.psnr_db) return fmt::format("{:.1f}", accuracy.psnr_db->value);
  return accuracy.kl_nats ? fmt::format("{:.3g}", accuracy.kl_nats->value) : "equal";
}

void print_recoveries(const Report& report) {
  fmt::print("\nthe packet of frame {} lost, a key frame asked for, {} frame(s) on the way\n",
             *report.args.drop, report.args.request_frames);
  fmt::print("{:<6} {:>12} {:>14} {:>16} {:>10}  codec\n", "coding", "frames lost", "frames behind",
             "other than fresh", "key bytes");
  for (const Row& row : report.rows) {
    if (!row.recovery) continue;
    const study::Recovery& r = *row.recovery;
    fmt::print("{:<6} {:>12} {:>14} {:>16} {:>10.0f}  {}\n",
               study::frame_coding_name(row.score.coding), r.lost_frames, r.decoded_frames,
               r.differing_frames, r.key_bytes, row.codec);
  }
  fmt::print(
      "frames behind the key frame are compared, bit by bit, with those of a decoder that saw "
      "nothing before it\n");
}

void print(const Report& report) {
  fmt::print("film       {}: {}x{}, {} frame(s)\n", report.args.film, report.film.width,
             report.film.height, report.film.inputs.size());
  for (const TensorSpec& value : report.cut.values)
    fmt::print("value      {} {} {}, {} bytes plain\n", value.name, dtype_name(value.dtype),
               shape_text(value.shape), value.byte_size().value_or(0));
  fmt::print("fitted on  {}\n\n", report.fitted_on);
  const bool picture = std::ranges::any_of(
      report.rows, [](const Row& row) { return row.score.accuracy.psnr_db.has_value(); });
  fmt::print("{:<6} {:>11} {:>9} {:>9} {:>15} {:>15} {:>7} {:>9}  codec\n", "coding", "bytes/frame",
             "key", "change", "encode, ms", "decode, ms", "agree",
             picture ? "PSNR, dB" : "KL, nat");
  for (const Row& row : report.rows) {
    const study::StreamScore& s = row.score;
    fmt::print(
        "{:<6} {:>11.0f} {:>9} {:>9} {:>15} {:>15} {:>7} {:>9}  {}\n",
        study::frame_coding_name(s.coding), s.bytes_per_frame, bytes_text(s.key_bytes),
        bytes_text(s.change_bytes), ms_text(s.encode_ms), ms_text(s.decode_ms),
        s.accuracy.agreement ? fmt::format("{:.1f}%", 100 * s.accuracy.agreement->value) : "-",
        score_text(s.accuracy), row.codec);
  }
  fmt::print("times are median / 95th percentile of a frame, on one thread\n");
  if (report.args.drop) print_recoveries(report);
}

/// Samples to fit codecs on: the photos given, or the film's first frames.
Result<std::vector<std::vector<Tensor>>> fit_inputs(const Args& args, const graph::Model& model,
                                                    const study::FilmFrames& film,
                                                    std::string& name) {
  if (!args.samples.paths.empty()) {
    auto samples = CLEAVE_TRY(study::load_samples(model, args.samples.paths,
                                                  args.samples.preprocess, args.samples.limit));
    name = fmt::format("{} sample(s)", samples.inputs.size());
    return std::move(samples.inputs);
  }
  const std::size_t count = std::min(std::max<std::size_t>(args.fit_frames, 1), film.inputs.size());
  name = fmt::format("the film's first {} frame(s)", count);
  return std::vector(film.inputs.begin(), film.inputs.begin() + static_cast<std::ptrdiff_t>(count));
}

Result<int> run(const Args& args) {
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const graph::Model& model = loaded.model;
  const graph::Cut* cut = CLEAVE_TRY(model.find_cut(args.cut));
  const auto preprocess =
      CLEAVE_TRY(study::choose_preprocess(model.inputs(), args.samples.preprocess));
  if (!preprocess || model.inputs().size() != 1)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "the network's input does not look like a picture; say how with --preprocess");
  const auto calibrated = CLEAVE_TRY(read_calibration(args.calibration));
  Report report{args, *cut, {}, "", {}};
  report.film = CLEAVE_TRY(study::load_film(args.film, *preprocess, args.frames));
  if (args.drop && *args.drop >= report.film.inputs.size())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                fmt::format("--drop is {}, expected a frame of the film's 0 to {}", *args.drop,
                            report.film.inputs.size() - 1));
  const auto fit_on = CLEAVE_TRY(fit_inputs(args, model, report.film, report.fitted_on));
  const auto fit = CLEAVE_TRY(study::CutTrial::create(model, *cut, *loaded.engine, fit_on));
  auto film = CLEAVE_TRY(study::CutTrial::create(model, *cut, *loaded.engine, report.film.inputs));
  std::vector<std::string> codecs = args.codecs;
  if (codecs.empty()) codecs.assign(kDefaultCodecs.begin(), kDefaultCodecs.end());
  for (const std::string& spec : codecs) {
    auto rows = CLEAVE_TRY(
        about("codec '" + spec + "'", try_codec(spec, args, *cut, calibrated, fit, film)));
    std::ranges::move(rows, std::back_inserter(report.rows));
  }
  if (args.json) {
    fmt::print("{}\n", dump_json(to_json(report), 2));
  } else {
    print(report);
  }
  return 0;
}

}  // namespace

std::function<Result<int>()> define_codec_stream(CLI::App& command) {
  const auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  command.add_option("--at", args->cut, "where to cut: its number, the layer before it, a value")
      ->required();
  command.add_option("--video", args->film, "a film: .y4m, or H.264 or H.265 in .mp4")->required();
  command.add_option(
      "--codec", args->codecs,
      "a codec; may be repeated. Those that end in h264 or h265 send streams, others "
      "each frame by itself");
  command.add_option("--calibration", args->calibration,
                     "what `codec calibrate` wrote: how the codec 'cleave' is to be");
  command.add_option("--frames", args->frames, "frames that are read at most")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      .add_option("--fit", args->fit_frames, "frames that codecs are calibrated on, from the first")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--drop", args->drop, "lose the packet of this frame, counted from 0");
  command
      .add_option("--request-frames", args->request_frames,
                  "frames that are sent before the request for a key frame arrives")
      ->needs("--drop")
      ->capture_default_str();
  add_sample_args(command, args->samples);
  command.add_flag("--json", args->json, "print JSON (cleave-stream/1)");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
