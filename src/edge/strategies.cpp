#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <utility>

#include "base/spec.h"
#include "edge/answer.h"
#include "edge/strategy.h"

namespace cleave::edge {
namespace {

/// A departure whose result says whose it is; its latency starts now.
Departure begin(Frame frame, std::string_view strategy, Clock& clock) {
  Departure departure;
  FrameResult& result = departure.result;
  result.index = frame.index;
  result.name = frame.name;
  result.warmup = frame.warmup;
  result.strategy = strategy;
  result.stages[Stage::kPrepare] = frame.prepare;
  result.latency.start = clock.now();
  departure.frame = std::move(frame);
  return departure;
}

class DeviceStrategy final : public Strategy {
 public:
  explicit DeviceStrategy(const StrategyContext& context) : context_(context) {}
  std::string_view name() const override { return "device"; }

  Result<Departure> depart(Frame frame) override {
    Departure departure = begin(std::move(frame), name(), context_.clock);
    auto outputs = CLEAVE_TRY(context_.device.run_whole(departure.frame.inputs));
    departure.result.outputs = std::move(outputs.value);
    departure.result.stages[Stage::kHead] = outputs.span;
    departure.result.latency = outputs.span;
    return departure;
  }

  Result<FrameResult> arrive(Departure departure) override { return std::move(departure.result); }

 private:
  StrategyContext context_;
};

/// Sends the input: a picture coded as one, anything else as plain tensors.
class CloudStrategy final : public Strategy {
 public:
  explicit CloudStrategy(const StrategyContext& context)
      : context_(context), model_name_(bundle::whole_model_name(context.bundle.manifest())) {}
  std::string_view name() const override { return "cloud"; }

  Result<Departure> depart(Frame frame) override {
    Departure departure = begin(std::move(frame), name(), context_.clock);
    departure.remote_outputs = context_.bundle.manifest().outputs;
    wire::InferRequest request;
    request.model_name = model_name_;
    Span& encode = departure.result.stages[Stage::kEncode];
    if (departure.frame.picture) {
      auto picture = CLEAVE_TRY(context_.device.encode_picture(*departure.frame.picture));
      encode = picture.span;
      request.inputs.push_back(wire::bytes_tensor("image", {1}, {std::move(picture.value)}));
    } else {
      encode.start = context_.clock.now();
      request.inputs = plain_inputs(departure.frame.inputs);
      encode.end = context_.clock.now();
    }
    departure.result.latency.start = encode.start;
    departure.request = std::move(request);
    return departure;
  }

  Result<FrameResult> arrive(Departure departure) override { return travel(context_, departure); }

 private:
  std::vector<wire::WireTensor> plain_inputs(const std::vector<Tensor>& tensors) const {
    const std::vector<TensorSpec>& specs = context_.bundle.manifest().inputs;
    std::vector<wire::WireTensor> inputs;
    for (std::size_t i = 0; i < tensors.size() && i < specs.size(); ++i)
      inputs.push_back(wire::to_wire(specs[i].name, tensors[i]));
    return inputs;
  }

  StrategyContext context_;
  std::string model_name_;
};

/// What tells one stream from all others that a server may be sent.
std::int64_t new_sequence_id() {
  std::random_device device;
  const std::uint64_t bits = (std::uint64_t{device()} << 32 | device()) >> 1;
  return static_cast<std::int64_t>(std::max<std::uint64_t>(1, bits));
}

/// Runs the head and sends a packet per crossing value.
class SplitStrategy final : public Strategy {
 public:
  SplitStrategy(const StrategyContext& context, const bundle::CutEntry& cut)
      : context_(context), cut_(cut), model_name_(context.bundle.manifest().name + "@" + cut.id) {
    if (context.device.streams()) sequence_id_ = new_sequence_id();
  }
  std::string_view name() const override { return "split"; }

  Result<Departure> depart(Frame frame) override {
    Departure departure = begin(std::move(frame), name(), context_.clock);
    departure.result.cut = cut_.id;
    departure.remote_outputs = cut_.tail_outputs;
    auto head = CLEAVE_TRY(context_.device.run_head(cut_, departure.frame.inputs));
    departure.result.stages[Stage::kHead] = head.span;
    departure.result.latency.start = head.span.start;
    departure.local_outputs = std::move(head.value);
    CLEAVE_CHECK(encode(departure));
    if (sequence_id_) departure.recode = [this](Departure& lost) { return encode_as_key(lost); };
    return departure;
  }

  Result<FrameResult> arrive(Departure departure) override { return travel(context_, departure); }

 private:
  Result<void> encode(Departure& departure) const {
    auto packets =
        CLEAVE_TRY(context_.device.encode(cut_, departure.frame.inputs, departure.local_outputs));
    departure.result.stages[Stage::kEncode] = packets.span;
    wire::InferRequest request;
    request.model_name = model_name_;
    if (sequence_id_) request.parameters.emplace("sequence_id", *sequence_id_);
    const auto count = static_cast<std::int64_t>(packets.value.size());
    request.inputs.push_back(wire::bytes_tensor("packet", {1, count}, std::move(packets.value)));
    departure.request = std::move(request);
    return {};
  }

  Result<void> encode_as_key(Departure& departure) const {
    context_.device.request_key_frames();
    return encode(departure);
  }

  StrategyContext context_;
  const bundle::CutEntry& cut_;
  std::string model_name_;
  std::optional<std::int64_t> sequence_id_;  ///< where the device streams
};

Result<std::unique_ptr<Strategy>> device_kind(const StrategyContext& context) {
  return make_device_strategy(context);
}

Result<std::unique_ptr<Strategy>> cloud_kind(const StrategyContext& context) {
  CLEAVE_CHECK(context.remote->measure_round_trip());
  return make_cloud_strategy(context);
}

Result<std::unique_ptr<Strategy>> split_kind(const StrategyContext& context) {
  CLEAVE_CHECK(context.remote->measure_round_trip());
  return make_split_strategy(context, context.cut ? *context.cut : context.bundle.default_cut());
}

}  // namespace

std::span<const StrategyKind> strategy_kinds() {
  static constexpr std::array<StrategyKind, 4> kKinds{{
      {"device", "the whole network here", false, false, Cuts::kNone, device_kind},
      {"cloud", "the whole network at the server", true, false, Cuts::kNone, cloud_kind},
      {"split", "the head here, the tail at the server", true, false, Cuts::kOne, split_kind},
      {"auto", "whichever is fastest over the measured link; here when the server is gone", true,
       true, Cuts::kAll, make_auto_strategy},
  }};
  return kKinds;
}

Result<const StrategyKind*> find_strategy(std::string_view name) {
  std::vector<std::string> known;
  for (const StrategyKind& kind : strategy_kinds()) {
    if (kind.name == name) return &kind;
    known.emplace_back(kind.name);
  }
  return std::unexpected(unknown_name("edge", "strategy", name, known));
}

Result<FrameResult> travel(const StrategyContext& context, Departure& departure) {
  std::size_t refused_bytes = 0;
  for (const wire::WireTensor& input : departure.request->inputs)
    refused_bytes += input.payload_bytes();
  auto reply = context.remote->infer(std::move(*departure.request));
  const bool again =
      !reply && reply.error().code == ErrorCode::kOutOfSync && departure.recode != nullptr;
  if (again) {
    departure.result.stages[Stage::kLost] = {departure.result.stages[Stage::kEncode].start,
                                             context.clock.now()};
    CLEAVE_CHECK(departure.recode(departure));
    reply = context.remote->infer(std::move(*departure.request));
  }
  auto answer = CLEAVE_TRY(std::move(reply));
  FrameResult result = std::move(departure.result);
  result.outputs =
      CLEAVE_TRY(join_outputs(context.bundle.manifest().outputs, std::move(departure.local_outputs),
                              departure.remote_outputs, answer.response));
  for (const Stage stage :
       {Stage::kUp, Stage::kQueue, Stage::kDecode, Stage::kTail, Stage::kDown}) {
    result.stages[stage] = answer.stages[stage];
  }
  result.latency.end = answer.exchange.end;
  result.bytes_up = answer.bytes_up + (again ? refused_bytes : 0);
  result.bytes_down = answer.bytes_down;
  return result;
}

std::unique_ptr<Strategy> make_device_strategy(const StrategyContext& context) {
  return std::make_unique<DeviceStrategy>(context);
}

std::unique_ptr<Strategy> make_cloud_strategy(const StrategyContext& context) {
  return std::make_unique<CloudStrategy>(context);
}

std::unique_ptr<Strategy> make_split_strategy(const StrategyContext& context,
                                              const bundle::CutEntry& cut) {
  return std::make_unique<SplitStrategy>(context, cut);
}

}  // namespace cleave::edge
