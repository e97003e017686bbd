#include "edge/link_estimator.h"

#include <algorithm>

namespace cleave::edge {
namespace {

// Share of the older transfers' weight that each new one leaves: a changed link is known after a
// few frames, and the largest of the first probes counts most.
constexpr double kMemory = 0.5;
// A transfer faster than this is as good as instant; the rate would be noise.
constexpr double kLeastTransferMs = 0.02;

}  // namespace

void LinkEstimator::observe_round_trip(double ms) {
  rtt_ms_ = rtt_ms_ ? std::min(*rtt_ms_, ms) : ms;
}

void LinkEstimator::observe_transfer(std::size_t bytes_up, std::size_t bytes_down,
                                     double network_ms) {
  if (!rtt_ms_) return;
  const double beyond_ms = network_ms - *rtt_ms_;
  if (beyond_ms < kLeastTransferMs) return;
  bytes_ = kMemory * bytes_ + static_cast<double>(bytes_up) +
           static_cast<double>(bytes_down) / down_over_up_;
  time_ms_ = kMemory * time_ms_ + beyond_ms;
}

std::optional<Link> LinkEstimator::link() const {
  if (!rtt_ms_ || time_ms_ <= 0) return std::nullopt;
  Link link;
  link.name = "measured";
  link.rtt_ms = *rtt_ms_;
  link.up_mbps = bytes_ * 8 / (time_ms_ * 1000);
  link.down_mbps = link.up_mbps * down_over_up_;
  return link;
}

}  // namespace cleave::edge
