#include "edge/load_estimator.h"

namespace cleave::edge {
namespace {

// Share of the older frames' weight that each new one leaves, as for the link.
constexpr double kMemory = 0.5;
// Asking again costs a frame that waits for a loaded server, so not too often.
constexpr auto kHolds = std::chrono::seconds(10);

}  // namespace

void LoadEstimator::observe(double server_ms, double recorded_ms, Nanos now) {
  if (!(recorded_ms > 0)) return;
  const double memory = now < forgotten_ ? kMemory : 0;
  server_ms_ = memory * server_ms_ + server_ms;
  recorded_ms_ = memory * recorded_ms_ + recorded_ms;
  forgotten_ = now + kHolds;
}

std::optional<double> LoadEstimator::load(Nanos now) const {
  if (recorded_ms_ <= 0 || now >= forgotten_) return std::nullopt;
  return server_ms_ / recorded_ms_;
}

}  // namespace cleave::edge
