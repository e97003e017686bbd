#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/link.h"
#include "base/result.h"

namespace cleave::wire {

/// The way bytes travel over a link.
enum class Direction { kUp = 0, kDown = 1 };

/// A span of time in which nothing moves: [start, start + duration), from the timeline's start.
struct Outage {
  Nanos start{0};
  Nanos duration{0};
  bool operator==(const Outage&) const = default;
};

/// Reads "DURATION@START": "5s@10s" is five seconds from the tenth on; bare numbers are ms.
Result<Outage> parse_outage(std::string_view text);

/// The state of a link from `at` on, until the next point.
struct TracePoint {
  Nanos at{0};
  double up_mbps = 0;
  double down_mbps = 0;
  /// Round trip; where a trace leaves it out, that of the link it is played on.
  std::optional<double> rtt_ms;
};

/// How a link changes over time (docs/formats/trace-link.md). Points are ascending, the first at 0,
/// and a millisecond or more apart; the last one holds, or the trace starts again every `period`.
struct LinkTrace {
  std::vector<TracePoint> points;
  std::optional<Nanos> period;
};

/// Reads the text of a trace; an error names the line, what stands there and what was expected.
Result<LinkTrace> parse_link_trace(std::string_view text);
/// The same from a file of at most 64 MiB.
Result<LinkTrace> read_link_trace(const std::filesystem::path& path);

/// What one direction of a link does at a moment, and until when it does so.
struct LinkState {
  double bytes_per_nano = 0;  ///< 0 in an outage
  Nanos one_way{0};           ///< half the round trip
  Nanos until = Nanos::max();
};

/// The link as a function of time: a constant link or a trace, minus outages. Times are from the
/// timeline's start. Not thread-safe: changes must not meet reads.
class LinkTimeline {
 public:
  /// With a trace, its rates replace those of `link`. Outages may overlap and come in any order.
  explicit LinkTimeline(const Link& link, std::optional<LinkTrace> trace = std::nullopt,
                        std::vector<Outage> outages = {});

  /// The state at `time` ≥ 0; `until` is later than `time`. O(log n) in points and outages.
  LinkState at(Nanos time, Direction direction) const;
  /// Turns to a constant link (a rate of 0 moves nothing); a trace ends here, outages stay.
  void set_link(const Link& link);
  /// Stops all movement, or ends such a stop; outages given at the start are apart from it.
  void set_outage(bool out) { out_ = out; }

 private:
  LinkTrace trace_;
  double rtt_ms_;
  std::vector<Outage> outages_;  // ascending and disjoint
  bool out_ = false;
};

}  // namespace cleave::wire
