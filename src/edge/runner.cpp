#include "edge/runner.h"

#include <utility>

#include "edge/frame_reader.h"

namespace cleave::edge {
namespace {

/// Do the codecs of every cut that the strategy may use code streams?
Result<void> check_streams(const StrategyKind& kind, const StrategyContext& context) {
  if (kind.cuts == Cuts::kNone) {
    return fail(ErrorCode::kInvalidArgument, "edge",
                "strategy '" + std::string(kind.name) +
                    "' sends nothing over a cut that could be a stream, expected split or auto");
  }
  const bundle::CutEntry& one = context.cut ? *context.cut : context.bundle.default_cut();
  for (const bundle::CutEntry& cut : context.bundle.manifest().cuts) {
    if (kind.cuts == Cuts::kOne && cut.id != one.id) continue;
    CLEAVE_CHECK(about("cut " + cut.id, bundle::CutStreamEncoder::create(
                                            CLEAVE_TRY(bundle::CutCodec::create(cut)))));
  }
  return {};
}

}  // namespace

Runner::Runner(bundle::Bundle bundle, engine::Engine& engine, Clock& clock,
               const RunnerOptions& options)
    : bundle_(std::move(bundle)),
      clock_(clock),
      device_(bundle_, engine, clock, options.device),
      table_(options.table) {}

Result<std::unique_ptr<Runner>> Runner::create(bundle::Bundle bundle, engine::Engine& engine,
                                               Clock& clock, const RunnerOptions& options) {
  const StrategyKind* kind = CLEAVE_TRY(find_strategy(options.strategy));
  if (kind->needs_server && options.server.empty()) {
    return fail(ErrorCode::kInvalidArgument, "edge",
                "strategy '" + options.strategy + "' needs a server, and none was given");
  }
  if (options.table && !kind->reads_table) {
    return fail(ErrorCode::kInvalidArgument, "edge",
                "strategy '" + options.strategy + "' looks up no table, and one was given");
  }
  // The strategy keeps references into the runner, which therefore never moves.
  std::unique_ptr<Runner> runner(new Runner(std::move(bundle), engine, clock, options));
  StrategyContext context{.bundle = runner->bundle_,
                          .device = runner->device_,
                          .clock = clock,
                          .retry_every = options.retry_every,
                          .table = runner->table_ ? &*runner->table_ : nullptr};
  if (!options.cut.empty()) context.cut = CLEAVE_TRY(runner->bundle_.find_cut(options.cut));
  if (options.device.stream) CLEAVE_CHECK(check_streams(*kind, context));
  if (kind->needs_server) {
    runner->remote_ = CLEAVE_TRY(Remote::connect(options.server, clock, options.remote));
    context.remote = runner->remote_.get();
  }
  runner->strategy_ = CLEAVE_TRY(kind->make(context));
  return runner;
}

Result<void> Runner::run(const Plan& plan, const FrameSink& sink) {
  if (device_.streams() && plan.inflight > 1) {
    return fail(ErrorCode::kInvalidArgument, "edge",
                "frames of a stream with " + std::to_string(plan.inflight) +
                    " in flight, expected 1: each is coded as what changed since the last that "
                    "arrived");
  }
  FrameReader reader =
      CLEAVE_TRY(FrameReader::create(manifest(), plan.items, plan.warmup, plan.repeat, clock_));
  // One after another, so that no warm-up frame is still under way when the figures begin.
  for (int i = 0; i < plan.warmup; ++i) {
    std::optional<Frame> frame = CLEAVE_TRY(reader.next());
    FrameResult result = CLEAVE_TRY(run_frame(*std::move(frame)));
    CLEAVE_CHECK(sink(std::move(result)));
  }
  // The first input again would cost next to nothing as a change.
  device_.request_key_frames();
  return run_pipeline([&] { return reader.next(); }, *strategy_, plan.inflight, sink);
}

Result<FrameResult> Runner::run_frame(Frame frame) {
  Departure departure = CLEAVE_TRY(strategy_->depart(std::move(frame)));
  return strategy_->arrive(std::move(departure));
}

std::optional<Link> Runner::measured_link() const {
  return remote_ ? remote_->link().link() : std::nullopt;
}

std::optional<double> Runner::measured_load() const {
  return remote_ ? remote_->load() : std::nullopt;
}

}  // namespace cleave::edge
