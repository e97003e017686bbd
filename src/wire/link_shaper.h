#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "wire/link_timeline.h"

namespace cleave::wire {

/// One direction of an emulated link: a first-in first-out queue, served at the link's rate, then a
/// propagation delay. A message of S bytes that finds the queue empty leaves whole after exactly
/// S·8/rate + rtt/2: the token bucket has no burst allowance, because any would make small messages
/// too fast. Nothing is ever dropped. In an outage no byte is served; what already left the sender
/// still arrives, and the order of arrival never changes, even when the delay shrinks.
///
/// Time is virtual: every member takes the present and computes what happened until then, so that
/// calls may come late without distorting the link. Rates are integrated over every change of the
/// timeline, to a fraction of a nanosecond a chunk, and how often a shaper is asked changes
/// nothing.
///
/// Times are from the timeline's start and must not go back from call to call. Not thread-safe. The
/// timeline is not owned; call settle() before changing it.
class LinkShaper {
 public:
  LinkShaper(const LinkTimeline& timeline, Direction direction)
      : timeline_(timeline), direction_(direction) {}

  /// A chunk joins the queue. Chunks of 0 bytes (signals) wait their turn and outages out like
  /// others.
  void push(Nanos now, std::size_t bytes);
  /// True when the oldest chunk has arrived at the far end; it is then forgotten.
  bool pop(Nanos now);
  /// When to call pop() next: the oldest chunk's arrival, or an earlier time to ask again where
  /// that is over a second away. Nothing when nothing is under way.
  std::optional<Nanos> next_event(Nanos now);
  /// Takes what was served until `now` as done, whatever the timeline says of it from here on.
  void settle(Nanos now);

  /// Bytes pushed and not yet popped.
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Waiting {
    double arrived;  // ns
    std::size_t bytes;
    double unserved_bytes;
  };
  struct Flying {
    Nanos arrives;
    std::size_t bytes;
  };

  struct Served {
    double until;  // ns
    bool whole;
  };
  /// Serves the oldest waiting chunk, of which `unserved_bytes` are left. Stops at its end, or at
  /// the last change of the timeline up to `limit` (ns): were it to stop at `limit` itself, every
  /// question would round, and a chunk that just fits before an outage could fall into it.
  Served serve(double limit, double& unserved_bytes) const;
  /// Moves on every chunk that is served whole by `now`.
  void advance(Nanos now);
  Nanos arrival_of(double served) const;

  const LinkTimeline& timeline_;
  Direction direction_;
  std::deque<Waiting> waiting_;
  std::deque<Flying> flying_;  // only the front may arrive: a shorter delay overtakes nothing
  // In ns; a double, so that rounding does not add up over many small chunks.
  double served_until_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace cleave::wire
