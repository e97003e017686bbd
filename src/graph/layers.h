#pragma once

#include <onnx/onnx_pb.h>

#include <vector>

#include "graph/model.h"
#include "graph/onnx_types.h"
#include "graph/wiring.h"

namespace cleave::graph {

/// The spec of a value, or the stand-in for an unknown one: f32 of shape {-1}.
TensorSpec spec_or_unknown(const std::string& name, const TypeMap& types);

/// Bytes of all together; nothing when one is unknown.
std::optional<std::int64_t> total_bytes(const std::vector<TensorSpec>& specs);

/// Groups the nodes of wiring.order into layers. The layers, one after the other, are a topological
/// order too: a node joins a run only when the run's last value is all that it waits for.
std::vector<Layer> make_layers(const onnx::GraphProto& graph, const Wiring& wiring,
                               const TypeMap& types);

/// Sums over the layers, with each constant that any of them reads counted once.
Totals make_totals(const Wiring& wiring, const TypeMap& types, const std::vector<Layer>& layers);

}  // namespace cleave::graph
