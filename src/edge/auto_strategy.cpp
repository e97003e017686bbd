#include <array>
#include <utility>

#include "edge/choice.h"
#include "edge/server_watch.h"
#include "edge/strategy.h"
#include "edge/ways.h"

namespace cleave::edge {
namespace {

// The first run of each way pays for compiling and connecting; the second is what it costs.
constexpr int kTrialRuns = 2;

/// A link too fast to be measured with what has gone over it.
Link instant_link(const LinkEstimator& estimator) {
  Link link;
  link.name = "instant";
  link.up_mbps = link.down_mbps = 1e6;
  link.rtt_ms = estimator.rtt_ms().value_or(0);
  return link;
}

/// From the queue to the end of the tail, as the server says.
double server_ms(const FrameResult& result) {
  return result.stages[Stage::kQueue].ms() + result.stages[Stage::kDecode].ms() +
         result.stages[Stage::kTail].ms();
}

/// Picks a way of the bundle for every frame by the costs in its manifest, or, where it has none,
/// by costs tried out on the first frame, and by link and load as they are known at that moment.
/// Whatever keeps the server from a right answer in time (not there, gone mid-request, past the
/// deadline, nonsense) makes the device answer that frame and those after it, until the server is
/// back.
class AutoStrategy final : public Strategy {
 public:
  AutoStrategy(const StrategyContext& context, std::unique_ptr<Choice> choice)
      : context_(context),
        choice_(std::move(choice)),
        watch_(*context.remote, context.clock, context.retry_every) {
    const bundle::Manifest& manifest = context.bundle.manifest();
    ways_.push_back(make_cloud_strategy(context));
    for (const bundle::CutEntry& cut : manifest.cuts)
      ways_.push_back(make_split_strategy(context, cut));
    ways_.push_back(make_device_strategy(context));
    for (const bool as_picture : {false, true})
      costs_[as_picture] = costs_from_manifest(manifest, context.device.slowdown(), as_picture);
    if (const auto measured = measure_link(*context.remote); !measured)
      watch_.lose(measured.error());
  }
  std::string_view name() const override { return "auto"; }

  Result<Departure> depart(Frame frame) override {
    if (!watch_.is_up()) return depart_locally(std::move(frame), watch_.reason());
    auto& costs = costs_[frame.picture.has_value()];
    if (!costs) {
      auto tried = try_out(frame);
      if (!tried) {
        watch_.lose(tried.error());
        return depart_locally(std::move(frame), tried.error().to_string());
      }
      costs = *std::move(tried);
    }
    const std::size_t way = CLEAVE_TRY(choice_->way(*costs, conditions()));
    Departure departure = CLEAVE_TRY(ways_[way]->depart(std::move(frame)));
    departure.recorded_server_ms = recorded_server_ms(*costs, way);
    return departure;
  }

  Result<FrameResult> arrive(Departure departure) override {
    if (!departure.request) return std::move(departure.result);
    auto result = travel(context_, departure);
    if (result) {
      context_.remote->observe_load(server_ms(*result), departure.recorded_server_ms);
      return result;
    }
    watch_.lose(result.error());
    const Span lost{departure.result.latency.start, context_.clock.now()};
    Departure local =
        CLEAVE_TRY(depart_locally(std::move(departure.frame), result.error().to_string()));
    local.result.stages[Stage::kLost] = lost;
    local.result.latency.start = lost.start;
    return std::move(local.result);
  }

 private:
  Result<Departure> depart_locally(Frame frame, std::string reason) {
    Departure departure = CLEAVE_TRY(ways_.back()->depart(std::move(frame)));
    departure.result.fallback = std::move(reason);
    return departure;
  }

  Conditions conditions() const {
    const LinkEstimator estimator = context_.remote->link();
    return {estimator.link().value_or(instant_link(estimator)),
            context_.remote->load().value_or(1)};
  }

  /// The way's own stages for this frame.
  Result<FrameResult> run(Strategy& way, const Frame& frame) {
    Result<FrameResult> result = fail(ErrorCode::kInternal, "edge.auto", "no trial was run");
    for (int i = 0; i < kTrialRuns; ++i) {
      // The same frame again costs next to nothing as a change; a key frame is what it costs at
      // most.
      context_.device.request_key_frames();
      Departure departure = CLEAVE_TRY(way.depart(frame));
      result = way.arrive(std::move(departure));
      if (!result) return result;
    }
    return result;
  }

  plan::CodecCost codec_cost(const FrameResult& trial) const {
    // Message bytes for payload bytes: some dozens too many, which no link notices.
    return {static_cast<double>(trial.bytes_up),
            trial.stages[Stage::kEncode].ms() / context_.device.slowdown(),
            trial.stages[Stage::kDecode].ms()};
  }

  Result<WayCosts> try_out(const Frame& frame) {
    WayCosts costs;
    const FrameResult device = CLEAVE_TRY(run(*ways_.back(), frame));
    costs.device_ms = device.stages[Stage::kHead].ms();
    const FrameResult cloud = CLEAVE_TRY(run(*ways_.front(), frame));
    costs.cloud_ms = cloud.stages[Stage::kTail].ms();
    costs.input = codec_cost(cloud);
    for (std::size_t i = 1; i + 1 < ways_.size(); ++i) {
      const FrameResult split = CLEAVE_TRY(run(*ways_[i], frame));
      costs.cuts.push_back(
          {split.stages[Stage::kHead].ms(), split.stages[Stage::kTail].ms(), codec_cost(split)});
    }
    return costs;
  }

  StrategyContext context_;
  std::unique_ptr<Choice> choice_;
  std::vector<std::unique_ptr<Strategy>> ways_;   // cloud, the cuts in order, device
  std::array<std::optional<WayCosts>, 2> costs_;  // of plain tensors and of pictures
  ServerWatch watch_;
};

}  // namespace

Result<std::unique_ptr<Strategy>> make_auto_strategy(const StrategyContext& context) {
  const bundle::Manifest& manifest = context.bundle.manifest();
  auto choice = context.table ? CLEAVE_TRY(look_up(*context.table, manifest))
                              : rank_anew(manifest, context.device.slowdown());
  return std::make_unique<AutoStrategy>(context, std::move(choice));
}

}  // namespace cleave::edge
