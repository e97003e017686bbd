#include "edge/remote.h"

#include <algorithm>
#include <string>
#include <utility>

#include "edge/round_trip.h"

namespace cleave::edge {
namespace {

constexpr std::string_view kPlace = "edge.remote";
constexpr int kRoundTripProbes = 5;
constexpr auto kProbeTimeout = std::chrono::seconds(2);  // a slower link is as good as none
constexpr std::size_t kFirstProbeBytes = std::size_t{8} << 10;
constexpr std::size_t kLastProbeBytes = std::size_t{512} << 10;
constexpr double kEnoughMs = 30;  // a transfer this long is measured well enough

wire::InferRequest rate_probe(std::size_t bytes) {
  wire::InferRequest request;
  request.model_name = "cleave-link-probe";
  wire::WireTensor payload;
  payload.name = "payload";
  payload.datatype = wire::datatype_of(DType::kU8);
  payload.shape = {static_cast<std::int64_t>(bytes)};
  payload.bytes.assign(bytes, '\0');
  request.inputs.push_back(std::move(payload));
  return request;
}

}  // namespace

int Remote::Traffic::enter() {
  ++started_;
  if (++travelling_ > 1) last_crowded_ = started_;
  return started_;
}

bool Remote::Traffic::leave(int ticket) {
  --travelling_;
  // Whoever was under way when the newest crowded one started shared the link with it.
  return ticket > last_crowded_;
}

Result<std::unique_ptr<Remote>> Remote::connect(std::string_view target, Clock& clock,
                                                const RemoteOptions& options) {
  auto client = CLEAVE_TRY(wire::Client::connect(target));
  return std::make_unique<Remote>(std::move(client), clock, options);
}

Remote::Remote(std::unique_ptr<wire::Client> client, Clock& clock, const RemoteOptions& options)
    : client_(std::move(client)),
      clock_(clock),
      options_(options),
      estimator_(options.down_over_up) {}

Result<Remote::Answer> Remote::infer(wire::InferRequest request) {
  int ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = traffic_.enter();
  }
  Span exchange{clock_.now(), {}};
  auto reply = client_->infer(std::move(request), options_.timeout);
  exchange.end = clock_.now();
  const std::lock_guard lock(mutex_);
  const bool alone = traffic_.leave(ticket);
  if (!reply) return std::unexpected(std::move(reply).error());

  Answer answer{std::move(reply->response), exchange, {}, reply->sent_bytes, reply->received_bytes};
  const auto times = server_times(answer.response.parameters, exchange.end - exchange.start);
  if (times && alone) {
    estimator_.observe_transfer(answer.bytes_up, answer.bytes_down,
                                exchange.ms() - to_ms(times->total));
  }
  place_round_trip(exchange, times, estimator_, answer.bytes_up, answer.bytes_down, answer.stages);
  return answer;
}

Nanos Remote::probe_timeout() const { return std::min<Nanos>(options_.timeout, kProbeTimeout); }

Result<void> Remote::measure_round_trip() {
  for (int i = 0; i < kRoundTripProbes; ++i) {
    const Nanos start = clock_.now();
    const bool live = CLEAVE_TRY(client_->live(probe_timeout()));
    if (!live) return fail(ErrorCode::kUnavailable, kPlace, "the server says that it is not live");
    const double ms = to_ms(clock_.now() - start);
    const std::lock_guard lock(mutex_);
    estimator_.observe_round_trip(ms);
  }
  return {};
}

Result<void> Remote::measure_rate() {
  for (std::size_t bytes = kFirstProbeBytes; bytes <= kLastProbeBytes; bytes *= 4) {
    const Nanos start = clock_.now();
    const auto reply = client_->infer(rate_probe(bytes), probe_timeout());
    const double ms = to_ms(clock_.now() - start);
    // The wanted answer is the server's own "no such model"; anything else is the link's failing.
    if (!reply && reply.error().place != wire::Client::kServerPlace) {
      return std::unexpected(reply.error());
    }
    const std::lock_guard lock(mutex_);
    estimator_.observe_transfer(bytes, 0, ms);
    if (ms - estimator_.rtt_ms().value_or(0) > kEnoughMs) break;
  }
  return {};
}

LinkEstimator Remote::link() const {
  const std::lock_guard lock(mutex_);
  return estimator_;
}

void Remote::observe_load(double server_ms, double recorded_ms) {
  const Nanos now = clock_.now();
  const std::lock_guard lock(mutex_);
  load_.observe(server_ms, recorded_ms, now);
}

std::optional<double> Remote::load() const {
  const Nanos now = clock_.now();
  const std::lock_guard lock(mutex_);
  return load_.load(now);
}

}  // namespace cleave::edge
