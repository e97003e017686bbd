// A film's features over a cut: bytes a frame as key frames alone (intra), as what changes (inter)
// and frame by frame by other codecs, all at one distance of the answers from the uncut network's;
// times of a frame; and what a lost packet costs. Codecs are fitted to photographs, never to the
// film.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/openvino_engine.h"
#include "networks.h"
#include "report.h"
#include "study/calibrate.h"
#include "study/codec_families.h"
#include "study/samples.h"
#include "study/stream_trial.h"
#include "trained_network.h"

namespace cleave::bench {
namespace {

constexpr const char* kFilm = "realshort.mp4";
constexpr std::size_t kFitPhotos = 24;
/// A frame in the middle of a group of pictures.
constexpr study::Loss kLoss{.frame = 10, .request_frames = 0};

/// A cut, and the distance at which bytes are compared.
struct Place {
  const char* network;
  const char* cut;
  const char* what;
  study::CalibrationLimit limit;
};

const Place kPlaces[] = {
    {"squeezenet1.1", "MaxPool_18", "second pool", {.kl_nats = 0.01, .psnr_db = {}}},
    {"squeezenet1.1", "MaxPool_33", "third pool", {.kl_nats = 0.01, .psnr_db = {}}},
    {"fast_neural_style_candy", "relu_12", "third convolution", {.kl_nats = {}, .psnr_db = 22}},
};

/// Codecs of one kind, from few bytes to many.
struct Ladder {
  std::string name;
  study::FrameCoding coding;
  std::vector<std::string> specs;
};

std::vector<std::string> series(const std::string& pattern, std::initializer_list<double> numbers) {
  std::vector<std::string> specs;
  for (const double number : numbers) specs.push_back(fmt::format(fmt::runtime(pattern), number));
  return specs;
}

std::vector<Ladder> ladders() {
  std::vector<Ladder> all;
  for (const char* video : {"h264", "h265"}) {
    for (const auto& [coding, gop] :
         {std::pair{study::FrameCoding::kIntra, 1}, std::pair{study::FrameCoding::kInter, 60}}) {
      const std::string pattern =
          fmt::format("quant:bits=8|tile|{}:qp={{}},preset=veryfast,gop={}", video, gop);
      all.push_back({fmt::format("{} {}", video, study::frame_coding_name(coding)), coding,
                     series(pattern, {36, 32, 28, 25, 22, 19, 16, 12, 8, 4})});
    }
  }
  all.push_back({"quant+zstd", study::FrameCoding::kStill,
                 series("quant:bits={}|zstd:level=19", {1, 2, 3, 4, 5, 6, 7, 8})});
  all.push_back({"cleave", study::FrameCoding::kStill,
                 series("cleave:step={}", {8, 4, 2.8, 2, 1.4, 1, 0.7, 0.5, 0.25})});
  return all;
}

/// How far answers are, over the limit.
double badness(const study::AccuracyReport& accuracy, const study::CalibrationLimit& limit) {
  if (limit.kl_nats) return accuracy.kl_nats->value / *limit.kl_nats;
  if (!accuracy.psnr_db) return 0;
  return std::pow(10, (*limit.psnr_db - accuracy.psnr_db->value) / 10);
}

/// The coarsest step of a ladder within the limit.
struct Found {
  std::vector<codec::Codec> codecs;
  study::StreamScore score;
  double bytes_at_limit = 0;  ///< between it and the next coarser one
};

Result<std::optional<Found>> climb(const Ladder& ladder, const study::CutTrial& fit,
                                   study::CutTrial& film, const study::CalibrationLimit& limit) {
  SteadyClock clock;
  double coarser_bytes = 0;
  double coarser_badness = 0;
  for (const std::string& spec : ladder.specs) {
    auto codecs = CLEAVE_TRY(study::calibrated_codecs(spec, fit));
    auto score = CLEAVE_TRY(study::send_film(film, codecs, ladder.coding, clock));
    const double found = badness(score.accuracy, limit);
    const double bytes = score.bytes_per_frame;
    if (found <= 1) {
      double at_limit = bytes;
      if (coarser_bytes > 0 && found > 0 && coarser_bytes < bytes) {
        const double share = std::log(coarser_badness) / std::log(coarser_badness / found);
        at_limit = coarser_bytes * std::pow(bytes / coarser_bytes, share);
      }
      return std::optional(Found{std::move(codecs), score, at_limit});
    }
    coarser_bytes = bytes;
    coarser_badness = found;
  }
  return std::optional<Found>();
}

Result<void> report_loss(const std::string& name, const Found& found, const study::CutTrial& film,
                         Report& report) {
  const auto recovery = CLEAVE_TRY(study::lose_packet(film, found.codecs, kLoss));
  report.add(name + ", a packet lost: frames lost", static_cast<double>(recovery.lost_frames), "",
             at_most(2));
  report.add(name + ", a packet lost: other than fresh",
             static_cast<double>(recovery.differing_frames), "", at_most(0));
  report.add(name + ", a packet lost: frames compared",
             static_cast<double>(recovery.decoded_frames), "", at_least(1));
  report.add(name + ", a packet lost: the key frame", recovery.key_bytes, "bytes");
  return {};
}

/// Reports all ladders, streams of changes beside the key frames that come before them.
Result<void> report_ladders(const Place& place, const study::CutTrial& fit, study::CutTrial& film,
                            bool quick, Report& report) {
  double intra_bytes = 0;
  for (Ladder& ladder : ladders()) {
    if (quick && ladder.name.starts_with("h265")) continue;
    const auto found = CLEAVE_TRY(climb(ladder, fit, film, place.limit));
    if (!found) {
      fmt::print("  {}: never within the limit\n", ladder.name);
      continue;
    }
    report.add(ladder.name, found->bytes_at_limit, "bytes");
    report.add(ladder.name + ", encode, median", found->score.encode_ms.median, "ms");
    report.add(ladder.name + ", encode, 95 %", found->score.encode_ms.p95, "ms");
    report.add(ladder.name + ", decode, median", found->score.decode_ms.median, "ms");
    if (ladder.coding == study::FrameCoding::kIntra) intra_bytes = found->bytes_at_limit;
    if (ladder.coding != study::FrameCoding::kInter) continue;
    report.add(ladder.name + " / intra", found->bytes_at_limit / intra_bytes, "", at_most(1.0));
    CLEAVE_CHECK(report_loss(ladder.name, *found, film, report));
  }
  return {};
}

Result<void> run_place(const Place& place, const std::filesystem::path& folder,
                       const Arguments& arguments, Report& report) {
  const auto engine = engine::make_openvino_engine();
  const graph::Model model = CLEAVE_TRY(trained_network(folder, place.network, *engine));
  const graph::Cut& cut = *CLEAVE_TRY(model.find_cut(place.cut));
  const data::Preprocess preprocess = CLEAVE_TRY(picture_input(model));
  const std::size_t most = arguments.quick ? 16 : 300;
  const auto frames = CLEAVE_TRY(study::load_film(folder / "video" / kFilm, preprocess, most));
  const auto samples = CLEAVE_TRY(study::load_samples(model, photo_paths(), "", kFitPhotos));
  const auto fit = CLEAVE_TRY(study::CutTrial::create(model, cut, *engine, samples.inputs));
  auto film = CLEAVE_TRY(study::CutTrial::create(model, cut, *engine, frames.inputs));
  report.section(
      fmt::format("{} after {}", place.network, place.what),
      fmt::format("{}, {} frames, bytes a frame at {}", kFilm, frames.inputs.size(),
                  place.limit.kl_nats
                      ? fmt::format("a mean KL divergence of {} nat", *place.limit.kl_nats)
                      : fmt::format("a PSNR of {} dB", *place.limit.psnr_db)));
  return report_ladders(place, fit, film, arguments.quick, report);
}

Result<void> run(const Arguments& arguments, Report& report) {
  const auto folder = data_folder();
  if (!folder || photo_paths().empty()) {
    fmt::print("skipped: CLEAVE_DATA is not set\n");
    return {};
  }
  for (const Place& place : kPlaces) {
    if (!arguments.wants(place.network)) continue;
    if (arguments.quick && place.limit.psnr_db) continue;
    CLEAVE_CHECK(run_place(place, *folder, arguments, report));
  }
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("video", argc, argv, cleave::bench::run);
}
