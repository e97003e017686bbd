#pragma once

#include <cstddef>
#include <optional>

#include "edge/frame.h"
#include "edge/link_estimator.h"
#include "wire/types.h"

namespace cleave::edge {

/// What a server says of its own time for a request.
struct ServerTimes {
  Nanos queue{0};
  Nanos decode{0};
  Nanos compute{0};
  Nanos total{0};  ///< from arrival to answer, on the server's clock
};

/// Reads the parameters cleave_{queue,decode,compute}_us and cleave_{receive,send}_ns of a
/// response. Nothing when one is missing, or when they cannot be true of an exchange that took
/// `round_trip`.
std::optional<ServerTimes> server_times(const wire::Parameters& parameters, Nanos round_trip);

/// Lays the stages between request and answer onto the device's clock.
///
/// The clocks of device and server share no origin, so that the way up and the way down cannot be
/// measured apart. Known are the round trip and, from the server's own clock, its time in between;
/// the rest is the network's. Of that, `down` is taken to be half the smallest round trip seen plus
/// the answer's bytes at the estimated rate, and `up` is what remains: an upload that waits shows
/// as `up`. Without the server's times the link's estimate stands for the network's share, and all
/// the rest counts as `tail`.
void place_round_trip(Span exchange, const std::optional<ServerTimes>& server,
                      const LinkEstimator& link, std::size_t bytes_up, std::size_t bytes_down,
                      Stages& stages);

}  // namespace cleave::edge
