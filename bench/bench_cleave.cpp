// Speed and bytes of both profiles of the feature codec on real features: SqueezeNet 1.1 at three
// cuts, on one thread. Rates are bytes of float tensor per second of this thread's processor time.
// Calibrations are made here, in a simple form: the cheaper of two designs at the step at which the
// fast profile's mean KL divergence is at the limit. Codecs are scored on crops of
// other photos than those they were calibrated on.
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <ctime>

#include "codec/codec.h"
#include "codec/feature_design.h"
#include "data/preprocess.h"
#include "engine/openvino_engine.h"
#include "graph/model.h"
#include "networks.h"
#include "photo_crops.h"
#include "report.h"
#include "study/cut_trial.h"
#include "study/sensitivity.h"
#include "trained_network.h"

namespace cleave::bench {
namespace {

constexpr double kKlNats = 0.002;
constexpr double kMetricFloor = 0.001;
constexpr double kBytesPerMegabyte = 1e6;

struct Place {
  const char* cut;
  const char* what;
};

constexpr Place kPlaces[] = {{"MaxPool_18", "second pool"},
                             {"Concat_32", "fourth fire module"},
                             {"Concat_54", "last fire module but one"}};

struct Profile {
  const char* name;
  double encode_mb_per_s;  ///< the target
  double decode_mb_per_s;
};

constexpr Profile kProfiles[] = {{"fast", 500, 400}, {"small", 40, 40}};

struct Sizes {
  std::size_t fit = 0;
  std::size_t scored = 0;
  double seconds = 0;  ///< that a rate is measured for, at least
};

Sizes sizes_of(const Arguments& arguments) {
  if (arguments.quick) return {24, 12, 0.5};
  if (arguments.full) return {96, 64, 4};
  return {48, 24, 2};
}

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Calls `code(i)` for all i below `count` again and again; bytes a second of the fastest round.
template <class Code>
double rate_mb_per_s(std::size_t count, double bytes, double seconds, Code code) {
  double best = INFINITY;
  for (const double begin = thread_seconds(); thread_seconds() - begin < seconds;) {
    const double from = thread_seconds();
    for (std::size_t i = 0; i < count; ++i) code(i);
    best = std::min(best, thread_seconds() - from);
  }
  return bytes / best / kBytesPerMegabyte;
}

Result<study::CutTrial> make_trial(const graph::Model& model, const graph::Cut& cut,
                                   engine::Engine& engine, std::span<const std::string> photos,
                                   std::size_t count, std::uint64_t seed) {
  const data::Preprocess preprocess = CLEAVE_TRY(picture_input(model));
  const data::Dataset pictures = CLEAVE_TRY(crops(photos, count, seed));
  std::vector<std::vector<Tensor>> samples(count);
  for (std::size_t i = 0; i < count; ++i)
    samples[i].push_back(preprocess.apply(CLEAVE_TRY(pictures.picture(i))));
  return study::CutTrial::create(model, cut, engine, samples);
}

Result<codec::Codec> codec_of(const char* profile, const codec::FeatureBasis& basis) {
  return codec::Codec::create(fmt::format("cleave:profile={}", profile),
                              {{"cleave", codec::to_json(basis)}});
}

Result<study::TrialSummary> score(study::CutTrial& trial, const codec::Codec& codec) {
  return study::summarize_trial(CLEAVE_TRY(trial.run(std::span(&codec, 1))));
}

struct Calibrated {
  codec::FeatureBasis basis;
  double bytes = 0;
};

/// The basis of a design whose step leaves the fast profile's divergence on the trial's pictures at
/// the limit; none where no step does.
Result<std::optional<Calibrated>> find_step(study::CutTrial& trial, std::span<const Tensor> samples,
                                            const codec::FeatureDesigner& designer,
                                            const codec::FeatureComponents& components,
                                            codec::FeatureDesign design) {
  double low = codec::deviation_of(samples) / 32;
  double high = low * 256;
  std::optional<Calibrated> best;
  constexpr int kSteps = 8;
  for (int i = 0; i < kSteps; ++i) {
    design.step = std::sqrt(low * high);
    codec::FeatureBasis basis = designer.design(design, components);
    CLEAVE_TRY(codec::train_basis(samples, basis));
    const auto summary = CLEAVE_TRY(score(trial, CLEAVE_TRY(codec_of("fast", basis))));
    if (!summary.accuracy.kl_nats)
      return fail(ErrorCode::kUnsupported, "bench", "the network's answers are no classes");
    const bool within = summary.accuracy.kl_nats->value <= kKlNats;
    (within ? low : high) = design.step;
    if (within) best = Calibrated{std::move(basis), summary.bytes.value};
  }
  return best;
}

/// The cheaper of two designs: channels mixed, in blocks of 8, and channels apart, in single
/// pixels.
Result<codec::FeatureBasis> calibrate(study::CutTrial& trial) {
  constexpr auto kAxis = codec::ChannelAxis::kBeforePlane;
  constexpr std::size_t kProbed = 6;
  const std::vector<Tensor> samples = trial.samples_of(0);
  const auto designer = CLEAVE_TRY(codec::FeatureDesigner::create(samples, kAxis));
  const auto components = designer.components(
      CLEAVE_TRY(study::measure_sensitivity(trial, 0, kAxis, {.samples = kProbed})), kMetricFloor);
  std::optional<Calibrated> best;
  for (const codec::FeatureDesign& design :
       {codec::FeatureDesign{.metric_floor = kMetricFloor, .block = 8, .clamp = false},
        codec::FeatureDesign{.matrix = false, .block = 1}}) {
    auto found = CLEAVE_TRY(find_step(trial, samples, designer, components, design));
    if (found && (!best || found->bytes < best->bytes)) best = std::move(found);
  }
  if (!best)
    return fail(ErrorCode::kUnsupported, "bench", "no step keeps the divergence within the limit");
  return std::move(best->basis);
}

Result<void> run_place(const graph::Model& model, const Place& place, const Sizes& sizes,
                       engine::Engine& engine, Report& report) {
  const graph::Cut& cut = *CLEAVE_TRY(model.find_cut(place.cut));
  const PhotoHalves photos = CLEAVE_TRY(photo_halves());
  auto fit = CLEAVE_TRY(make_trial(model, cut, engine, photos[0], sizes.fit, 1));
  const codec::FeatureBasis basis = CLEAVE_TRY(calibrate(fit));
  auto held_out = CLEAVE_TRY(make_trial(model, cut, engine, photos[1], sizes.scored, 1'000'000));
  const std::vector<Tensor> tensors = held_out.samples_of(0);
  const double bytes =
      static_cast<double>(tensors.size()) * static_cast<double>(tensors.front().byte_size());
  report.section(fmt::format("squeezenet1.1 after its {}", place.what),
                 fmt::format("f32 {}, {} components in blocks of {}, calibrated for a KL of "
                             "{:g} on {} crops, {} others scored",
                             shape_text(tensors.front().shape()), basis.components, basis.block,
                             kKlNats, sizes.fit, sizes.scored));
  for (const Profile& profile : kProfiles) {
    const auto codec = CLEAVE_TRY(codec_of(profile.name, basis));
    const auto summary = CLEAVE_TRY(score(held_out, codec));
    std::vector<Bytes> payloads;
    for (const Tensor& tensor : tensors) payloads.push_back(CLEAVE_TRY(codec.encode(tensor)));
    const std::string name = profile.name;
    report.add(name + ", payload", summary.bytes.value, "bytes");
    report.add(name + ", mean KL", summary.accuracy.kl_nats->value, "nats");
    report.add(name + ", encode",
               rate_mb_per_s(tensors.size(), bytes, sizes.seconds,
                             [&](std::size_t i) { (void)codec.encode(tensors[i]); }),
               "MB/s", at_least(profile.encode_mb_per_s));
    report.add(name + ", decode",
               rate_mb_per_s(tensors.size(), bytes, sizes.seconds,
                             [&](std::size_t i) {
                               (void)codec.decode(payloads[i], tensors[i].dtype(),
                                                  tensors[i].shape());
                             }),
               "MB/s", at_least(profile.decode_mb_per_s));
  }
  report.add("calibration", static_cast<double>(codec::to_json(basis).dump().size()), "bytes",
             at_most(65536));
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  const auto folder = data_folder();
  if (!folder) {
    fmt::print("skipped: CLEAVE_DATA is not set, and there are no real features without it\n");
    return {};
  }
  const auto engine = engine::make_openvino_engine();
  const graph::Model model = CLEAVE_TRY(trained_network(*folder, "squeezenet1.1", *engine));
  for (const Place& place : kPlaces)
    CLEAVE_CHECK(run_place(model, place, sizes_of(arguments), *engine, report));
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("cleave", argc, argv, cleave::bench::run);
}
