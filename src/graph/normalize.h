#pragma once

// Brings every network to one form, so that later steps have fewer cases. Private to the module.
#include <onnx/onnx_pb.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "graph/onnx_types.h"

namespace cleave::graph {

/// Makes Constant nodes with a dense tensor initialisers, takes initialisers off the list of
/// inputs, and raises the IR version to 4, from which on that is allowed.
void normalize_constants(onnx::ModelProto& model);

/// Fails when a graph input, an initialiser or what a node makes of a constant shape has more than
/// kMaxRank dimensions: inferring such shapes through many nodes would take memory without bound.
/// That is after normalize_constants().
inline constexpr std::int64_t kMaxRank = 255;
Result<void> check_ranks(const onnx::GraphProto& graph);

/// Puts the nodes into the given order, which names each once. libonnx reads them front to back.
void sort_nodes(onnx::ModelProto& model, const std::vector<int>& order);

/// Gives every input a concrete shape: `shapes` first, else the file's, else 1 for an unknown first
/// dimension. A named dimension ("N") has one value for all inputs. Values of the file's value_info
/// and outputs that no longer hold are dropped.
/// Errors: kInvalidArgument with the input's name and dimensions; kUnsupported when it is no
/// tensor.
Result<std::vector<TensorSpec>> fix_inputs(onnx::ModelProto& model,
                                           const std::map<std::string, Shape>& shapes);

/// Makes Shape and Size nodes of values with known shapes initialisers. False when there were none.
bool fold_shapes(onnx::ModelProto& model, TypeMap& types);

/// Makes nodes that compute with short lists of constant integers initialisers, in file order.
/// False when there were none.
bool fold_arithmetic(onnx::ModelProto& model, TypeMap& types);

/// Replaces each node for which `constant_of` gives a tensor by an initialiser of its output's
/// name; false when there was none. Makers of graph outputs stay nodes: not every engine takes an
/// initialiser for an output.
bool replace_nodes(
    onnx::GraphProto& graph,
    const std::function<std::optional<onnx::TensorProto>(onnx::NodeProto&)>& constant_of);

}  // namespace cleave::graph
