#pragma once

#include <filesystem>
#include <string>

#include "data/preprocess.h"
#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::bench {

/// A trained network of the data folder, by its file's name without `.onnx`.
Result<graph::Model> trained_network(const std::filesystem::path& folder, const std::string& name,
                                     engine::Engine& engine);
/// How pictures become its input. Errors: kUnsupported where they do not.
Result<data::Preprocess> picture_input(const graph::Model& model);

}  // namespace cleave::bench
