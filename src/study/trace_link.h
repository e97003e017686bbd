#pragma once

#include "base/link.h"
#include "wire/link_timeline.h"

namespace cleave::study {

/// The link at which every schedule costs what it does on average over the moments of a trace, in
/// latency, energy and bytes: the harmonic means of the rates and the mean of the round trips,
/// weighed by how long they last. An inference is taken to meet one moment's link from its start to
/// its end, which holds where points last longer than inferences do. The best schedule there is
/// then the best on average, because times are sums of bytes over a rate, and a radio's energy,
/// (alpha · rate + beta) · bytes / rate, is linear in one over the rate as well. Limits hold on
/// average.
///
/// A last point that holds for ever counts as long as the others on average. Round trips that the
/// trace leaves out, and the radio's power, are those of `link`. Fails with kInvalidArgument when a
/// rate is 0: an inference that meets it never ends.
Result<Link> expected_link(const wire::LinkTrace& trace, const Link& link);

/// The link of the worst moment of a trace: the lowest rates and the longest round trip. Where they
/// fall together no moment costs any schedule more; else this is a bound on what one can.
struct WorstLink {
  Link link;
  bool one_moment = false;  ///< all three are those of one point
};
Result<WorstLink> worst_link(const wire::LinkTrace& trace, const Link& link);

}  // namespace cleave::study
