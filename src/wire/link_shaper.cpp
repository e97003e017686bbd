#include "wire/link_shaper.h"

#include <algorithm>
#include <cmath>

namespace cleave::wire {
namespace {

/// How far ahead an arrival is worked out: bounds the cost of one call on a trace of many changes.
constexpr Nanos kHorizon = std::chrono::seconds(1);

double to_double(Nanos time) { return static_cast<double>(time.count()); }

}  // namespace

void LinkShaper::push(Nanos now, std::size_t bytes) {
  waiting_.push_back({to_double(now), bytes, static_cast<double>(bytes)});
  held_bytes_ += bytes;
}

bool LinkShaper::pop(Nanos now) {
  advance(now);
  if (flying_.empty() || flying_.front().arrives > now) return false;
  held_bytes_ -= flying_.front().bytes;
  flying_.pop_front();
  return true;
}

std::optional<Nanos> LinkShaper::next_event(Nanos now) {
  advance(now);
  if (!flying_.empty()) return flying_.front().arrives;
  if (waiting_.empty()) return std::nullopt;
  const Nanos horizon = now + kHorizon;
  double unserved_bytes = waiting_.front().unserved_bytes;
  const Served served = serve(to_double(horizon), unserved_bytes);
  return served.whole ? std::min(arrival_of(served.until), horizon) : horizon;
}

void LinkShaper::settle(Nanos now) {
  advance(now);
  if (waiting_.empty()) return;
  const double from = std::max(served_until_, waiting_.front().arrived);
  if (from >= to_double(now)) return;
  // No change and no chunk's end lies between here and now, or advance() would have passed it.
  const LinkState state = timeline_.at(Nanos(static_cast<std::int64_t>(from)), direction_);
  waiting_.front().unserved_bytes -= state.bytes_per_nano * (to_double(now) - from);
  served_until_ = to_double(now);
}

void LinkShaper::advance(Nanos now) {
  while (!waiting_.empty()) {
    Waiting& head = waiting_.front();
    const Served served = serve(to_double(now), head.unserved_bytes);
    served_until_ = served.until;
    if (!served.whole) return;
    flying_.push_back({arrival_of(served.until), head.bytes});
    waiting_.pop_front();
  }
}

LinkShaper::Served LinkShaper::serve(double limit, double& unserved_bytes) const {
  double from = std::max(served_until_, waiting_.front().arrived);
  for (;;) {
    const LinkState state = timeline_.at(Nanos(static_cast<std::int64_t>(from)), direction_);
    const double until = to_double(state.until);
    const double capacity_bytes = state.bytes_per_nano * (until - from);
    if (state.bytes_per_nano > 0 && unserved_bytes <= capacity_bytes) {
      const double end = from + unserved_bytes / state.bytes_per_nano;
      return end <= limit ? Served{end, true} : Served{from, false};
    }
    if (until > limit) return {from, false};
    unserved_bytes -= capacity_bytes;
    from = until;
  }
}

Nanos LinkShaper::arrival_of(double served) const {
  const Nanos left(static_cast<std::int64_t>(std::ceil(served)));
  return left + timeline_.at(left, direction_).one_way;
}

}  // namespace cleave::wire
