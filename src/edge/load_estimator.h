#pragma once

#include <optional>

#include "base/clock.h"

namespace cleave::edge {

/// How loaded a server is: the factor on its times.
///
/// It is what frames took there, from their arrival in the queue over decoding to the end of the
/// tail, over what was recorded for decoding and tail when nobody else was there; older frames
/// count less and less. A client's own frames that wait for each other count as well: with several
/// under way it is a load itself. A frame weighs as much as its recorded cost, so that small tails,
/// which are mostly jitter, hardly count. A load is forgotten some seconds after the last answer,
/// so that a server which was left alone for its load is tried again. A plain value; not
/// thread-safe.
class LoadEstimator {
 public:
  /// A frame of which `recorded_ms` are known took `server_ms`. One of which nothing is known, 0,
  /// tells nothing.
  void observe(double server_ms, double recorded_ms, Nanos now);
  /// Nothing until a frame was seen, and when the last one is too long ago.
  std::optional<double> load(Nanos now) const;

 private:
  double server_ms_ = 0;
  double recorded_ms_ = 0;
  Nanos forgotten_{0};
};

}  // namespace cleave::edge
