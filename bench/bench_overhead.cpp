// What a split frame takes beyond its parts: measured latency, through the edge library, an
// emulated link and a real `cleave serve`, over
//
//   head + encode + bytes up / rate + rtt + decode + tail + bytes down / rate
//
// where head, encode, decode and tail are measured alone, in this process, one of each per frame,
// so that drift hits both sides alike. Bytes are those of the packets and of the answer's tensors:
// what transport and framing add counts as overhead. The ratio is taken frame by frame and its
// median reported; beside it the ratio of lower quartiles, which other load on the machine disturbs
// less: it may hit the parts, which run without a pause, harder than the frame. Rates are those of
// thesis table 2.3, the round trips ours (base/link.h).
#include <fmt/format.h>

#include <map>

#include "base/clock.h"
#include "base/stats.h"
#include "bundle/writer.h"
#include "edge/runner.h"
#include "engine/openvino_engine.h"
#include "engine/type_inference.h"
#include "graph/model.h"
#include "networks.h"
#include "report.h"
#include "serve_process.h"
#include "study/samples.h"
#include "wire/link_proxy.h"

namespace cleave::bench {
namespace {

constexpr const char* kCodec = "quant:bits=8|zstd";
constexpr const char* kLinks[] = {"4g", "3g", "wifi"};
constexpr std::string_view kJudgedLink = "4g";

/// A bundle with one cut, and an input for it.
struct Split {
  bundle::Bundle bundle;
  std::vector<Tensor> inputs;
};

Result<Split> split(engine::Engine& engine, const NetworkFile& network, const std::string& cut,
                    const std::filesystem::path& folder) {
  graph::LoadOptions options;
  options.infer = engine::type_inference(engine);
  const graph::Model model = CLEAVE_TRY(graph::Model::load(network.path, options));
  const auto photos = photo_paths();
  study::Samples samples = CLEAVE_TRY(study::load_samples(model, photos, "", 4));
  bundle::WriteRequest request;
  request.name = folder.filename().string();
  request.model_name = network.name;
  request.cuts = {{.cut = CLEAVE_TRY(model.find_cut(cut)), .codec = kCodec}};
  request.samples = samples.inputs;
  CLEAVE_CHECK(bundle::write_bundle(model, engine, request, folder));
  return Split{CLEAVE_TRY(bundle::Bundle::load(folder)), std::move(samples.inputs.front())};
}

/// Times in ms of one pass, by the name of the stage.
using Times = std::map<std::string, double>;

/// The parts of a frame, each run alone.
class Parts {
 public:
  static Result<std::unique_ptr<Parts>> create(const Split& split, engine::Engine& engine,
                                               Clock& clock) {
    const bundle::CutEntry& cut = split.bundle.default_cut();
    auto codec = CLEAVE_TRY(bundle::CutCodec::create(cut));
    std::string tail = CLEAVE_TRY(split.bundle.network(cut.tail));
    auto session = CLEAVE_TRY(engine.compile(std::move(tail), {}));
    return std::unique_ptr<Parts>(
        new Parts(split, engine, clock, std::move(codec), std::move(session)));
  }

  Result<Times> run() {
    const bundle::CutEntry& cut = split_.bundle.default_cut();
    const auto head = CLEAVE_TRY(device_.run_head(cut, split_.inputs));
    const auto packets = CLEAVE_TRY(device_.encode(cut, split_.inputs, head.value));
    const Nanos start = clock_.now();
    const std::vector<Tensor> crossing = CLEAVE_TRY(codec_.decode(packets.value));
    const Nanos decoded = clock_.now();
    const std::vector<Tensor> outputs = CLEAVE_TRY(tail_->run(crossing));
    const Nanos end = clock_.now();
    bytes_up_ = bytes_down_ = 0;
    for (const std::string& packet : packets.value) bytes_up_ += static_cast<double>(packet.size());
    for (const Tensor& output : outputs) bytes_down_ += static_cast<double>(output.byte_size());
    return Times{{"head", head.span.ms()},
                 {"encode", packets.span.ms()},
                 {"decode", to_ms(decoded - start)},
                 {"tail", to_ms(end - decoded)}};
  }

  /// Of the last run.
  double bytes_up() const { return bytes_up_; }
  double bytes_down() const { return bytes_down_; }

 private:
  Parts(const Split& split, engine::Engine& engine, Clock& clock, bundle::CutCodec codec,
        std::unique_ptr<engine::Session> tail)
      : split_(split),
        clock_(clock),
        device_(split.bundle, engine, clock, {}),
        codec_(std::move(codec)),
        tail_(std::move(tail)) {}

  const Split& split_;
  Clock& clock_;
  edge::Device device_;
  bundle::CutCodec codec_;
  std::unique_ptr<engine::Session> tail_;
  double bytes_up_ = 0;
  double bytes_down_ = 0;
};

/// What a frame says of itself. The network's share is one figure: `up` and `down` are told apart
/// by an estimate only.
Times times_of(const edge::FrameResult& frame) {
  const auto ms = [&](edge::Stage stage) { return frame.stages[stage].ms(); };
  Times times{{"head", ms(edge::Stage::kHead)},
              {"encode", ms(edge::Stage::kEncode)},
              {"network", ms(edge::Stage::kUp) + ms(edge::Stage::kDown)},
              {"queue", ms(edge::Stage::kQueue)},
              {"decode", ms(edge::Stage::kDecode)},
              {"tail", ms(edge::Stage::kTail)}};
  double sum = 0;
  for (const auto& [stage, stage_ms] : times) sum += stage_ms;
  times["between"] = frame.latency.ms() - sum;
  return times;
}

double sum_of(const Times& times) {
  double sum = 0;
  for (const auto& [stage, ms] : times) sum += ms;
  return sum;
}

/// Samples of a figure per stage, in the frame and alone.
class Breakdown {
 public:
  void add(const Times& measured, const Times& parts) {
    for (const auto& [stage, ms] : measured) measured_[stage].push_back(ms);
    for (const auto& [stage, ms] : parts) parts_[stage].push_back(ms);
    const double latency_ms = sum_of(measured);
    const double expected_ms = sum_of(parts);
    latency_ms_.push_back(latency_ms);
    expected_ms_.push_back(expected_ms);
    ratio_.push_back(latency_ms / expected_ms);
  }

  void report(std::optional<Target> target, Report& report) const {
    double parts_p25_ms = 0;
    for (const auto& [stage, samples] : measured_) {
      report.add(stage + " in the frame", summarize(samples).median, "ms");
      const auto alone = parts_.find(stage);
      if (alone == parts_.end()) continue;
      const Summary part = summarize(alone->second);
      parts_p25_ms += part.p25;
      report.add(stage + (stage == "network" ? " by the rates" : " alone"), part.median, "ms");
    }
    report.add("measured", summarize(latency_ms_).median, "ms");
    report.add("sum of the parts", summarize(expected_ms_).median, "ms");
    report.add("measured / sum", summarize(ratio_).median, "", target);
    report.add("measured / sum, by lower quartiles", summarize(latency_ms_).p25 / parts_p25_ms, "",
               target);
  }

 private:
  std::map<std::string, std::vector<double>> measured_, parts_;
  std::vector<double> latency_ms_, expected_ms_, ratio_;
};

Result<void> measure(const Split& split, engine::Engine& engine, const ServeProcess& server,
                     const std::string& link_name, int frames, Report& report) {
  SteadyClock clock;
  const Link link = CLEAVE_TRY(parse_link(link_name));
  wire::LinkProxyOptions proxy_options;
  proxy_options.target = server.grpc_address();
  proxy_options.link = link;
  const auto proxy = CLEAVE_TRY(wire::LinkProxy::start(proxy_options));
  edge::RunnerOptions options{.strategy = "split", .server = proxy->address()};
  const auto runner = CLEAVE_TRY(edge::Runner::create(split.bundle, engine, clock, options));
  const auto parts = CLEAVE_TRY(Parts::create(split, engine, clock));

  Breakdown breakdown;
  constexpr int kWarmup = 3;
  for (int i = -kWarmup; i < frames; ++i) {
    // Who goes first finds the caches as the other left them: they take turns at that.
    const bool frame_first = i % 2 == 0;
    Times alone;
    if (!frame_first) alone = CLEAVE_TRY(parts->run());
    edge::Frame frame;
    frame.inputs = split.inputs;
    const auto result = CLEAVE_TRY(runner->run_frame(std::move(frame)));
    if (frame_first) alone = CLEAVE_TRY(parts->run());
    alone["network"] =
        link.up_ms(parts->bytes_up()) + link.rtt_ms + link.down_ms(parts->bytes_down());
    if (i >= 0) breakdown.add(times_of(result), alone);
  }
  report.section(fmt::format("{} over {}", split.bundle.manifest().model_name, link_name),
                 fmt::format("cut {}, {}, {} frames, {:.0f} bytes up, {:.0f} down",
                             split.bundle.default_cut().id, kCodec, frames, parts->bytes_up(),
                             parts->bytes_down()));
  breakdown.report(link_name == kJudgedLink ? std::optional(at_most(1.05)) : std::nullopt, report);
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  const int frames = arguments.quick ? 7 : arguments.full ? 101 : 25;
  const ScratchFolder scratch;
  const auto engine = engine::make_openvino_engine();
  struct Case {
    NetworkFile network;
    std::string cut;
  };
  const NetworkFile small = CLEAVE_TRY(small_network(scratch));
  const std::vector<Case> cases{{small, "21"},
                                {CLEAVE_TRY(zoo_network("resnet18", scratch)), "21"}};
  for (const Case& c : cases) {
    const auto folder = scratch.path() / (c.network.name + "-split");
    const Split halves = CLEAVE_TRY(split(*engine, c.network, c.cut, folder));
    const auto server = CLEAVE_TRY(ServeProcess::start({folder.string()}));
    for (const std::string link : kLinks)
      CLEAVE_CHECK(measure(halves, *engine, *server, link, frames, report));
  }
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("overhead", argc, argv, cleave::bench::run);
}
