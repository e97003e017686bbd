#pragma once

#include "base/link.h"
#include "wire/link_timeline.h"

namespace cleave::study {

/// The link at which every schedule costs what it does on average over a trace, in latency, energy
/// and bytes, so that the best schedule there is the best on average: the harmonic means of the
/// rates and the mean of the round trips, weighed by how long they last. It is exact because times
/// are sums of bytes over a rate, and a radio's energy, (alpha · rate + beta) · bytes / rate, is
/// linear in one over the rate as well.
///
/// A last point that holds for ever counts as long as the others on average. Round trips that the
/// trace leaves out, and the radio's power, are those of `link`. Fails with kInvalidArgument when a
/// rate is 0: the average is infinite.
Result<Link> expected_link(const wire::LinkTrace& trace, const Link& link);

/// The link of the worst moment of a trace: the lowest rates and the longest round trip. Where they
/// fall together no moment costs any schedule more; else this is a bound on what one can.
struct WorstLink {
  Link link;
  bool one_moment = false;  ///< all three are those of one point
};
Result<WorstLink> worst_link(const wire::LinkTrace& trace, const Link& link);

}  // namespace cleave::study
