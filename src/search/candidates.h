#pragma once

#include <string>
#include <vector>

#include "graph/model.h"

namespace cleave::search {

/// A unit at a cut, and what codes what crosses.
struct Candidate {
  int cut = 0;        ///< layers before the unit, of the network without it
  std::string unit;   ///< spec
  std::string codec;  ///< spec
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// What is tried: everything with everything.
struct Space {
  std::vector<const graph::Cut*> cuts{};
  std::vector<std::string> units;  ///< names: butterfly, bottleneck
  std::vector<int> channels;       ///< that cross
  std::vector<int> strides;        ///< of a unit that shrinks pictures as well
  std::vector<std::string> codecs;
};

/// Cuts that a unit can be put at: through one value, a picture of floats.
std::vector<const graph::Cut*> unit_cuts(const graph::Model& model);
/// Of these the last at each shape of the value, where a network has done most for the same bytes.
std::vector<const graph::Cut*> stage_ends(const graph::Model& model);

/// The candidates of a space (thesis, Algorithms 2 and 3: partition points, then channels, pixels
/// and quality), cuts fastest, so that a search that is broken off has seen all of them. More
/// channels than the value has, and strides beyond its sides, are left out.
std::vector<Candidate> candidates(const Space& space);

}  // namespace cleave::search
