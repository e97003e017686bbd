#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::engine {

/// Runs the network once on `inputs` (in its own order) and returns every tensor that some layer
/// makes for another or for the outside, by name, the inputs included. Sequences and the like are
/// left out, and so are values of unknown type that cross no cut.
Result<std::map<std::string, Tensor>> intermediate_values(const graph::Model& model, Engine& engine,
                                                          const EngineOptions& options,
                                                          const std::vector<Tensor>& inputs);

}  // namespace cleave::engine
