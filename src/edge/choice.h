#pragma once

#include <cstddef>
#include <memory>

#include "base/link.h"
#include "bundle/manifest.h"
#include "edge/ways.h"
#include "plan/table.h"

namespace cleave::edge {

/// What `auto` knows at the moment of a choice.
struct Conditions {
  Link link;
  double load = 1;  ///< factor on the server's times, see LoadEstimator; 1 while it is not known
};

/// How `auto` picks the way of a frame. Immutable and thread-safe.
class Choice {
 public:
  virtual ~Choice() = default;
  /// The way by its boundary in make_problem(): 0 is cloud-only, i the manifest's i-th cut, the
  /// last one device-only.
  virtual Result<std::size_t> way(const WayCosts& costs, const Conditions& now) const = 0;
};

/// The fastest way, ranked anew by plan::rank_cuts() for the link and the load. The manifest is
/// borrowed.
std::unique_ptr<Choice> rank_anew(const bundle::Manifest& manifest, double slowdown);

/// What a table says for the rate up and the load, in well under a microsecond; the device where it
/// has no schedule within its limits. Of the link nothing but the rate up counts: the round trip
/// and the rate down are the table's. The table is borrowed. kInvalidArgument, saying what to do,
/// when the table is of another network or of training, when it leads to a schedule that the bundle
/// cannot run, and when the bundle has no costs to know the load by. Schedules that no point of the
/// table chooses may be anything.
Result<std::unique_ptr<Choice>> look_up(const plan::PlanTable& table,
                                        const bundle::Manifest& manifest);

}  // namespace cleave::edge
