#include "reproduce/shared_inference.h"

#include <fmt/format.h>

#include <array>

#include "base/file.h"
#include "plan/scaling.h"
#include "reproduce/gpu.h"
#include "reproduce/shared_rates.h"
#include "reproduce/shared_values.h"
#include "reproduce/split_layers.h"
#include "reproduce/trained.h"
#include "study/codec_costs.h"
#include "study/problem.h"
#include "study/samples.h"

namespace cleave::reproduce {
namespace {

constexpr Benchmark kResNet34{"ResNet-34", "resnet34"};
/// Paper, section 2: eight bits over µ ± 3σ.
constexpr std::string_view kPaperCodec = "quant:bits=8,range=sigma3";
constexpr std::string_view kJpeg = "jpeg:q=85";
constexpr std::array kLookedAt{kResNet50v2, kResNet56};
constexpr double kNominalShare = 1;

/// The same shares of other totals.
Costs scaled(Costs costs, double device_ms, double server_ms) {
  plan::scale_costs(costs.device, device_ms / costs.device.whole_ms);
  plan::scale_costs(costs.cloud, server_ms / costs.cloud.whole_ms);
  return costs;
}

class SharedInference {
 public:
  SharedInference(const SharedInferenceOptions& options, engine::Engine& engine, Clock& clock)
      : options_(options), engine_(engine), clock_(clock) {}

  Result<Report> run() {
    CLEAVE_CHECK(make_folder(options_.out));
    CLEAVE_CHECK(write_claims());
    CLEAVE_CHECK(look_at_rates());
    CLEAVE_CHECK(look_at_values());
    CLEAVE_CHECK(look_at_layers());
    CLEAVE_CHECK(write_claims());
    draw_all(report_, options_.out);
    return std::move(report_);
  }

 private:
  void say(const std::string& what) const {
    if (options_.say) options_.say(what);
  }

  Result<void> write_claims() const {
    return write_file(options_.out / "claims.csv", claims_csv(report_.claims, "paper"));
  }

  Result<void> look_at_rates() {
    const std::string bytes = CLEAVE_TRY(build(kResNet34));
    const Network network = CLEAVE_TRY(make_network(kResNet34, bytes, 1, engine_));
    std::vector<Ways> pairs;
    Coding measured;
    measured.jpeg = CLEAVE_TRY(jpeg_cost(network));
    Coding modelled;
    if (measured.jpeg) modelled.jpeg = plan::CodecCost{measured.jpeg->payload_bytes, 0, 0};
    if (options_.measure) {
      const Costs costs = CLEAVE_TRY(measure(network));
      measured.values = CLEAVE_TRY(coding_costs(network));
      pairs.push_back(ways_of(network, scaled(costs, kPhoneMs, kServerMs), modelled, "modelled"));
      pairs.push_back(ways_of(network, costs, measured, "measured"));
    } else {
      const auto profile = modelled_profile(network.model, kTeslaK40c, kNominalShare);
      const Costs costs{profile, profile};
      pairs.push_back(ways_of(network, scaled(costs, kPhoneMs, kServerMs), modelled, "modelled"));
    }
    describe_modelled();
    const Ways* second = pairs.size() > 1 ? &pairs.back() : nullptr;
    report_.claims = rate_claims(pairs.front(), second);
    CLEAVE_CHECK(write_file(options_.out / "rates.csv", rates_csv(pairs)));
    return add_figure(report_, options_.out, rates_figure(pairs));
  }

  Result<void> look_at_values() {
    say("looking at how values are spread, figure 3");
    const auto studied = study_values(options_.data, engine_);
    if (!studied) {
      leave_out(report_, "figure 3", without_data(studied.error()));
      return {};
    }
    const std::vector<Claim> claims = spread_claims(studied->rows);
    report_.claims.insert(report_.claims.end(), claims.begin(), claims.end());
    CLEAVE_CHECK(write_file(options_.out / "values.csv", spreads_csv(studied->rows)));
    return add_figure(report_, options_.out, studied->figure);
  }

  Result<void> look_at_layers() {
    say("looking at every cut of trained networks, section 2");
    std::vector<SplitLayer> all;
    for (const Trained& trained : kLookedAt) {
      const auto layers = study_split_layers(options_.data, trained, engine_);
      if (!layers) {
        leave_out(report_, "section 2's properties of split layers", without_data(layers.error()));
        return {};
      }
      all.insert(all.end(), layers->begin(), layers->end());
    }
    CLEAVE_CHECK(write_file(options_.out / "layers.csv", split_layers_csv(all)));
    return add_figure(report_, options_.out, split_layers_figure(all));
  }

  void describe_modelled() {
    report_.machines.insert(
        report_.machines.begin(),
        fmt::format("modelled: {:g} ms on the phone, {:g} ms on the server, as the paper states; "
                    "layers have their shares {}",
                    kPhoneMs, kServerMs,
                    options_.measure ? "of the measured pair" : "by a graphics processor's peaks"));
  }

  Result<Costs> measure(const Network& network) {
    say("measuring ResNet-34, figure 2");
    const Pair pair = measured_pair(engine_, {1}, options_.budget_s, clock_);
    report_.machines.push_back(pair.name + ": " + pair.description);
    return pair.costs(network);
  }

  Result<std::map<std::string, plan::CodecCost>> coding_costs(const Network& network) {
    say("measuring what quantisation costs");
    const study::Samples samples = CLEAVE_TRY(study::load_samples(network.model, {}, "", 1));
    const auto table = CLEAVE_TRY(
        study::measure_codec_costs(network.model, engine_, kPaperCodec, samples.inputs, clock_));
    return plan::values_within(table, study::kAnyLoss);
  }

  /// Of the photos at the network's size; nothing without them.
  Result<std::optional<plan::CodecCost>> jpeg_cost(const Network& network) {
    const auto photos = photos_of(options_.data);
    if (!photos) {
      leave_out(report_, "figure 2's JPEG", without_data(photos.error()));
      return std::optional<plan::CodecCost>();
    }
    const study::Samples samples =
        CLEAVE_TRY(study::load_samples(network.model, *photos, "", photos->size()));
    return std::optional(CLEAVE_TRY(
        study::measure_picture_cost(*samples.preprocess, samples.pictures,
                                    CLEAVE_TRY(data::PictureCodec::parse(kJpeg)), clock_)));
  }

  std::string without_data(const Error& error) const {
    return options_.data.empty() ? "it needs trained networks, photos and a film (CLEAVE_DATA)"
                                 : error.message;
  }

  const SharedInferenceOptions& options_;
  engine::Engine& engine_;
  Clock& clock_;
  Report report_;
};

}  // namespace

Result<Report> reproduce_shared_inference(const SharedInferenceOptions& options,
                                          engine::Engine& engine, Clock& clock) {
  return SharedInference(options, engine, clock).run();
}

}  // namespace cleave::reproduce
