#pragma once

#include <cstddef>
#include <optional>

#include "base/link.h"

namespace cleave::edge {

/// What is known of a link from what went over it.
///
/// The round trip is the smallest that was seen. The rate is that of the bytes seen over the time
/// they took beyond the round trip, older transfers counting less and less; a transfer weighs as
/// much as the time it took, so that small ones, which are mostly jitter, hardly count.
/// One rate is estimated for both directions together: `down_over_up` says how much faster the
/// downlink is, 1 where that is not known.
/// Transfers must have had the link to themselves, or the rate comes out too low.
/// A plain value; not thread-safe.
class LinkEstimator {
 public:
  explicit LinkEstimator(double down_over_up = 1) : down_over_up_(down_over_up) {}

  /// A message of no size worth counting went there and back in so many ms.
  void observe_round_trip(double ms);
  /// So many bytes went up and down; the network took so many ms, the server's time left out.
  void observe_transfer(std::size_t bytes_up, std::size_t bytes_down, double network_ms);

  /// Nothing until a round trip was seen.
  std::optional<double> rtt_ms() const { return rtt_ms_; }
  /// Nothing until both a round trip and a transfer that took time were seen.
  std::optional<Link> link() const;

 private:
  double down_over_up_;
  std::optional<double> rtt_ms_;
  double bytes_ = 0;    // as if all had gone up
  double time_ms_ = 0;  // beyond the round trip
};

}  // namespace cleave::edge
