#include "reproduce/pair.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/spec.h"
#include "engine/type_inference.h"
#include "plan/scaling.h"
#include "profile/measure.h"
#include "reproduce/gpu.h"
#include "study/codec_costs.h"
#include "study/samples.h"
#include "zoo/zoo.h"

namespace cleave::reproduce {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kRounds = 5;
/// Of 8 bits in the 32 of the networks' files.
constexpr double kByteOfFloat = 0.25;

constexpr std::array kBenchmarks{
    Benchmark{"AlexNet", "alexnet"},
    Benchmark{"OverFeat", "overfeat"},
    Benchmark{"Deep Speech", "deep_speech"},
    Benchmark{"ResNet", "resnet50"},
    Benchmark{"VGG16", "vgg16"},
    Benchmark{"NiN", "nin"},
    Benchmark{"Chair", "chair"},
    Benchmark{"Pix2Pix", "pix2pix"},
};

/// Groups of layers, first and last from 1.
using Groups = std::vector<std::pair<int, int>>;

profile::MeasureOptions options_of(const study::Samples& samples, int threads, double budget_s) {
  profile::MeasureOptions options;
  options.engine.threads = threads;
  options.inputs = samples.inputs.front();
  options.layers = false;
  options.rounds = kRounds;
  options.budget_s = budget_s;
  return options;
}

Result<profile::Profile> measure(const Network& network, engine::Engine& engine, int threads,
                                 double budget_s, Clock& clock) {
  const study::Samples samples = CLEAVE_TRY(study::load_samples(network.model, {}, "", 1));
  return profile::measure(network.model, engine, options_of(samples, threads, budget_s), clock);
}

/// The whole network, and of its heads and tails those that are named.
Result<profile::Profile> measure_groups(const Network& network, engine::Engine& engine, int threads,
                                        const Groups& groups, double budget_s, Clock& clock) {
  const study::Samples samples = CLEAVE_TRY(study::load_samples(network.model, {}, "", 1));
  profile::MeasureOptions options = options_of(samples, threads, budget_s);
  options.heads = options.tails = false;
  options.groups = groups;
  profile::Profile profile = CLEAVE_TRY(profile::measure(network.model, engine, options, clock));
  const std::vector<profile::GroupCost> measured = std::exchange(profile.groups, {});
  for (const auto& [first, last, cost] : measured)
    (first == 1 ? profile.head[static_cast<std::size_t>(last)]
                : profile.tail[static_cast<std::size_t>(first) - 1]) = cost;
  return profile;
}

std::string measured_description() {
  return fmt::format("{}: one thread, emulated by times multiplied by {:g}, against all threads",
                     profile::this_machine(), kSlowdown);
}

}  // namespace

std::span<const Benchmark> benchmarks() { return kBenchmarks; }

Result<std::string> build(const Benchmark& benchmark) {
  return zoo::build(benchmark.zoo_name, kSeed);
}

Result<Network> make_network(const Benchmark& benchmark, const std::string& onnx_bytes, int batch,
                             engine::Engine& engine) {
  graph::LoadOptions options;
  options.infer = engine::type_inference(engine);
  graph::Model model = CLEAVE_TRY(graph::Model::parse(onnx_bytes, options));
  if (batch > 1) {
    options.shapes = graph::batch_shapes(model, batch);
    model = CLEAVE_TRY(graph::Model::parse(onnx_bytes, options));
  }
  return Network{benchmark.title, batch, std::move(model)};
}

Result<Pair> modelled_pair(engine::Engine& engine, std::vector<int> batches) {
  const Benchmark& first = kBenchmarks.front();
  const std::string bytes = CLEAVE_TRY(build(first));
  const Network alexnet = CLEAVE_TRY(make_network(first, bytes, 1, engine));
  const double share = reached_share(alexnet.model);
  return Pair{"modelled", "Jetson TX2 and Tesla K40C, modelled from their data sheets",
              std::move(batches), [share](const Network& network) -> Result<Costs> {
                return Costs{modelled_profile(network.model, kJetsonTx2, share),
                             modelled_profile(network.model, kTeslaK40c, share)};
              }};
}

Pair tensorrt_pair() {
  return {"modelled",
          fmt::format("Jetson TX2 with {:g} ms for ResNet-50 and {:g} ms for VGG-19, as the thesis "
                      "states, and a GeForce GTX 1080 Ti {:g} times as fast; layers have their "
                      "shares by the TX2's data sheet",
                      kResNet50OnTx2Ms, kVgg19OnTx2Ms, kGtx1080TiSpeedup),
          {1},
          [](const Network& network) -> Result<Costs> {
            if (network.title != kResNet50.title && network.title != kVgg19.title)
              return std::unexpected(
                  unknown_name("reproduce", "network", network.title,
                               {std::string(kResNet50.title), std::string(kVgg19.title)}));
            const double whole_ms =
                network.title == kVgg19.title ? kVgg19OnTx2Ms : kResNet50OnTx2Ms;
            const double share = share_of(network.model, kJetsonTx2, whole_ms);
            return Costs{modelled_profile(network.model, kJetsonTx2, share),
                         modelled_profile(network.model, kJetsonTx2, share * kGtx1080TiSpeedup)};
          }};
}

Pair measured_pair(engine::Engine& engine, std::vector<int> batches, double budget_s,
                   Clock& clock) {
  return {"measured", measured_description(), std::move(batches),
          [&engine, &clock, budget_s](const Network& network) -> Result<Costs> {
            Costs costs;
            costs.device = CLEAVE_TRY(measure(network, engine, 1, budget_s, clock));
            plan::scale_costs(costs.device, kSlowdown);
            costs.cloud = CLEAVE_TRY(measure(network, engine, 0, budget_s, clock));
            return costs;
          }};
}

Pair measured_pair_at(CutsOf cuts_of, engine::Engine& engine, double budget_s, Clock& clock) {
  return {"measured",
          measured_description(),
          {1},
          [cuts_of = std::move(cuts_of), &engine, &clock,
           budget_s](const Network& network) -> Result<Costs> {
            const int layers = static_cast<int>(network.model.layers().size());
            Groups heads;
            Groups tails;
            for (const std::size_t cut : cuts_of(network)) {
              heads.emplace_back(1, static_cast<int>(cut));
              tails.emplace_back(static_cast<int>(cut) + 1, layers);
            }
            Costs costs;
            costs.device = CLEAVE_TRY(measure_groups(network, engine, 1, heads, budget_s, clock));
            plan::scale_costs(costs.device, kSlowdown);
            costs.cloud = CLEAVE_TRY(measure_groups(network, engine, 0, tails, budget_s, clock));
            return costs;
          }};
}

plan::Problem thesis_problem(const graph::Model& model, const Costs& costs, Link link,
                             double compression) {
  plan::Problem p;
  p.device = costs.device;
  p.cloud = costs.cloud;
  p.link = std::move(link);
  p.link.rtt_ms = 0;
  p.plain_scale = kByteOfFloat / compression;
  p.request_overhead_bytes = p.answer_overhead_bytes = 0;
  p.answer_bytes = known_bytes(model.outputs()) * p.plain_scale;
  const auto coded = [&](const std::vector<TensorSpec>& values) {
    return plan::CodecCost{known_bytes(values) * p.plain_scale, 0, 0};
  };
  p.codec.resize(model.layers().size() + 1);
  p.codec.front() = coded(model.inputs());
  for (const graph::Cut& cut : model.cuts()) {
    p.codec[static_cast<std::size_t>(cut.index)] = coded(cut.values);
    for (const TensorSpec& value : cut.values) p.value_codec[value.name] = coded({value});
  }
  return p;
}

}  // namespace cleave::reproduce
