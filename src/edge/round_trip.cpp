#include "edge/round_trip.h"

#include <algorithm>

namespace cleave::edge {
namespace {

std::optional<std::int64_t> integer(const wire::Parameters& parameters, std::string_view key) {
  const auto it = parameters.find(key);
  if (it == parameters.end()) return std::nullopt;
  const auto* value = std::get_if<std::int64_t>(&it->second);
  return value ? std::optional(*value) : std::nullopt;
}

/// A duration of 0 up to `limit`.
std::optional<Nanos> duration_us(const wire::Parameters& parameters, std::string_view key,
                                 Nanos limit) {
  const auto us = integer(parameters, key);
  if (!us || *us < 0 || *us > limit / std::chrono::microseconds(1)) return std::nullopt;
  return std::chrono::microseconds(*us);
}

Nanos network_time(Span exchange, const std::optional<ServerTimes>& server,
                   const LinkEstimator& estimator, std::size_t bytes_up, std::size_t bytes_down) {
  const Nanos round_trip = exchange.end - exchange.start;
  if (server) return round_trip - server->total;
  double expected_ms = estimator.rtt_ms().value_or(0);
  if (const auto link = estimator.link()) {
    expected_ms +=
        link->up_ms(static_cast<double>(bytes_up)) + link->down_ms(static_cast<double>(bytes_down));
  }
  return std::min(from_ms(expected_ms), round_trip);
}

}  // namespace

std::optional<ServerTimes> server_times(const wire::Parameters& parameters, Nanos round_trip) {
  const auto receive = integer(parameters, "cleave_receive_ns");
  const auto send = integer(parameters, "cleave_send_ns");
  // Compared in this order, nothing overflows whatever the peer wrote.
  if (!receive || !send || *receive < 0 || *send < *receive) return std::nullopt;
  ServerTimes times;
  times.total = Nanos(*send - *receive);
  if (times.total > round_trip) return std::nullopt;
  const auto queue = duration_us(parameters, "cleave_queue_us", times.total);
  const auto decode = duration_us(parameters, "cleave_decode_us", times.total);
  const auto compute = duration_us(parameters, "cleave_compute_us", times.total);
  if (!queue || !decode || !compute) return std::nullopt;
  times.queue = *queue;
  times.decode = *decode;
  times.compute = *compute;
  return times;
}

void place_round_trip(Span exchange, const std::optional<ServerTimes>& server,
                      const LinkEstimator& estimator, std::size_t bytes_up, std::size_t bytes_down,
                      Stages& stages) {
  const Nanos network = network_time(exchange, server, estimator, bytes_up, bytes_down);
  double down_ms = estimator.rtt_ms().value_or(0) / 2;
  if (const auto link = estimator.link()) down_ms += link->down_ms(static_cast<double>(bytes_down));
  const Nanos down = std::min(from_ms(down_ms), network);

  stages[Stage::kUp] = {exchange.start, exchange.start + (network - down)};
  stages[Stage::kDown] = {exchange.end - down, exchange.end};
  const Nanos end = stages[Stage::kDown].start;
  Nanos at = stages[Stage::kUp].end;
  const auto place = [&](Stage stage, Nanos duration) {
    const Nanos stop = std::min(at + duration, end);
    stages[stage] = {at, stop};
    at = stop;
  };
  place(Stage::kQueue, server ? server->queue : Nanos(0));
  place(Stage::kDecode, server ? server->decode : Nanos(0));
  place(Stage::kTail, server ? server->compute : end - at);
}

}  // namespace cleave::edge
