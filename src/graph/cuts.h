#pragma once

#include <onnx/onnx_pb.h>

#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/model.h"
#include "graph/onnx_types.h"
#include "graph/wiring.h"

namespace cleave::graph {

/// Most bytes that the values and outputs listed by all cuts of a network may take together.
inline constexpr std::int64_t kMaxListedBytes = std::int64_t{512} << 20;

/// When, counted in layers, a value comes into being and is last read.
struct Lifetime {
  int born = 0;        ///< index of the layer that makes it; -1 for a graph input
  int last_read = -1;  ///< index of the last layer that reads it; -1 if none does
};

/// Lifetimes of all values; those of constants stay empty (born 0, never read).
std::vector<Lifetime> find_lifetimes(const Wiring& wiring, const std::vector<Layer>& layers);

/// The cuts between the layers, as Cut and Model::cuts() describe them. O(values + crossings).
Result<std::vector<Cut>> make_cuts(const onnx::GraphProto& graph, const Wiring& wiring,
                                   const TypeMap& types, const std::vector<Layer>& layers);

/// What layers [first, last) exchange with the rest, as Model::segment() describes it.
Segment make_segment(const onnx::GraphProto& graph, const Wiring& wiring, const TypeMap& types,
                     const std::vector<Layer>& layers, int first, int last);

Result<const Cut*> find_cut(std::string_view text, const std::vector<Layer>& layers,
                            const std::vector<Cut>& cuts);

}  // namespace cleave::graph
