#pragma once

#include "plan/dag.h"

namespace cleave::plan {

/// The cheapest assignment of a network of any shape to device and cloud, as a minimum cut.
///
/// Why it is exact, with any number of crossings: let x = 0 for the device and 1 for the cloud. A
/// node's cost depends on its own x alone. A value's upload is paid when its maker has 0 and some
/// reader 1: that is (1 - x_maker) * max(x_readers), and with an auxiliary a that may be chosen
/// freely,
///     min over a of  (1 - x_maker) * a + infinity * sum over readers of (1 - a) * x_reader,
/// because a has to be 1 as soon as one reader is. Its download is the mirror image. Every term is
/// of the form weight * (1 - x) * y with a weight of 0 or more, which is one arc of a flow network:
/// the sum is that of the arcs from the source's side to the sink's, so a minimum cut minimises it.
/// Pins and the rule that nothing comes back are arcs of infinite weight.
///
/// The problem is one that check() accepts. Optimality: exact, but that costs are rounded to 2^-60
/// of their sum. Cost: that of max_flow() on nodes + 2 * values vertices. Deterministic; of equal
/// cuts the one with the fewest nodes on the device. There always is a solution: everything that is
/// not pinned can stay on the device, or follow what comes down to it from the cloud.
DagSolution min_cut(const DagProblem& problem);

}  // namespace cleave::plan
