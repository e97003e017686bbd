// What the feature codec sends against what other codecs send, at equal distance of the answers
// from the uncut network's: bytes at a mean KL divergence, or at a PSNR of the output where that is
// a picture. Codecs are calibrated on other pictures than they are scored on, and every header that
// is sent counts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/dataset.h"
#include "data/subset.h"
#include "engine/openvino_engine.h"
#include "networks.h"
#include "photo_crops.h"
#include "report.h"
#include "study/calibrate.h"
#include "trained_network.h"

namespace cleave::bench {
namespace {

constexpr double kMostOfBest = 0.75;  ///< the target, as a geometric mean over cuts

/// Pictures that calibrate, and others that score.
struct Counts {
  std::size_t fit = 0;
  std::size_t scored = 0;
};

/// What a network is shown, and how much of it by `--quick`, by default and by `--full`.
struct Pictures {
  bool cifar;  ///< CIFAR-10's JPEG tree; else crops and flips of photos
  Counts quick, usual, full;

  Counts counts(const Arguments& arguments) const {
    return arguments.quick ? quick : arguments.full ? full : usual;
  }
};
constexpr Pictures kCifar{true, {160, 256}, {192, 1000}, {512, 8000}};
constexpr Pictures kCrops{false, {96, 48}, {192, 128}, {192, 1000}};
/// A PSNR differs little from picture to picture, and the networks are heavy.
constexpr Pictures kFewCrops{false, {12, 12}, {24, 32}, {32, 64}};

/// A cut, what it is scored on, and the distance at which bytes are compared.
struct Place {
  const char* network;
  const char* cut;
  const char* what;
  const Pictures& pictures;
  study::CalibrationLimit limit;
};

const study::CalibrationLimit kOnePoint{.kl_nats = 0.06, .psnr_db = {}};
const study::CalibrationLimit kNearlyTheSame{.kl_nats = 0.002, .psnr_db = {}};
const study::CalibrationLimit kGoodPicture{.kl_nats = {}, .psnr_db = 30};

const Place kPlaces[] = {
    {"resnet56_cifar10", "Relu_66", "end of stage 1", kCifar, kOnePoint},
    {"resnet56_cifar10", "Relu_103", "middle of stage 2", kCifar, kOnePoint},
    {"resnet56_cifar10", "Relu_131", "end of stage 2", kCifar, kOnePoint},
    {"squeezenet1.1", "MaxPool_18", "second pool", kCrops, kNearlyTheSame},
    {"squeezenet1.1", "Concat_32", "fourth fire module", kCrops, kNearlyTheSame},
    {"squeezenet1.1", "Concat_54", "last fire module but one", kCrops, kNearlyTheSame},
    {"fast_neural_style_candy", "Relu_12", "last down-sampling", kFewCrops, kGoodPicture},
};

std::vector<std::size_t> first_of(const data::Dataset& set, std::size_t count) {
  std::vector<std::size_t> chosen = data::shuffled(set.size(), 1);
  chosen.resize(std::min(chosen.size(), count));
  return chosen;
}

struct Sets {
  data::Dataset fit;
  data::Dataset held_out;
};

Result<Sets> sets_for(const Place& place, const std::filesystem::path& folder,
                      const Counts& counts) {
  if (place.pictures.cifar) {
    auto fit = CLEAVE_TRY(data::Dataset::open("cifar10", "train", folder));
    auto held_out = CLEAVE_TRY(data::Dataset::open("cifar10", "test", folder));
    return Sets{std::move(fit), std::move(held_out)};
  }
  const auto photos = CLEAVE_TRY(photo_halves());
  auto fit = CLEAVE_TRY(crops(photos[0], counts.fit, 1));
  auto held_out = CLEAVE_TRY(crops(photos[1], counts.scored, 1'000'000));
  return Sets{std::move(fit), std::move(held_out)};
}

Result<double> run_place(const Place& place, const std::filesystem::path& folder,
                         const Counts& counts, engine::Engine& engine, Report& report) {
  const graph::Model model = CLEAVE_TRY(trained_network(folder, place.network, engine));
  const graph::Cut& cut = *CLEAVE_TRY(model.find_cut(place.cut));
  const data::Preprocess preprocess = CLEAVE_TRY(picture_input(model));
  const Sets sets = CLEAVE_TRY(sets_for(place, folder, counts));
  study::CalibrationOptions options;
  options.limit = place.limit;
  options.progress = [&](const std::string& what) {
    fmt::print(stderr, "{} after {}: {}\n", place.network, place.what, what);
  };
  const auto found = CLEAVE_TRY(study::calibrate_cut(
      model, cut, engine, {sets.fit, first_of(sets.fit, counts.fit), preprocess, {}},
      {sets.held_out, first_of(sets.held_out, counts.scored), preprocess, {}}, options));
  report.section(fmt::format("{} after {}", place.network, place.what),
                 fmt::format("{}, {} pictures; {}", found.limit,
                             found.held_out.summary.bytes.samples, found.design));
  double best = INFINITY;
  for (const study::FamilyChoice& other : found.others) {
    if (!std::isfinite(other.bytes_at_limit)) continue;
    report.add(other.family, other.bytes_at_limit, "bytes");
    best = std::min(best, other.bytes_at_limit);
  }
  report.add("cleave", found.own_bytes_at_limit, "bytes");
  report.add("cleave / best of the others", found.own_bytes_at_limit / best, "", at_most(1.0));
  report.add("calibration", static_cast<double>(found.json_bytes), "bytes", at_most(65536));
  return found.own_bytes_at_limit / best;
}

Result<void> run(const Arguments& arguments, Report& report) {
  const auto folder = data_folder();
  if (!folder) {
    fmt::print("skipped: CLEAVE_DATA is not set\n");
    return {};
  }
  const auto engine = engine::make_openvino_engine();
  double logs = 0;
  int places = 0;
  for (const Place& place : kPlaces) {
    if (!arguments.wants(place.network) && !arguments.wants(place.cut)) continue;
    logs += std::log(
        CLEAVE_TRY(run_place(place, *folder, place.pictures.counts(arguments), *engine, report)));
    ++places;
  }
  report.section("all of them", fmt::format("{} cuts", places));
  report.add("cleave / best of the others, geometric mean", std::exp(logs / std::max(1, places)),
             "", at_most(kMostOfBest));
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("features", argc, argv, cleave::bench::run);
}
