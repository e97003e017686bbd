#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloud/network.h"
#include "engine/engine.h"

namespace cleave::cloud {

/// How the networks of a repository are compiled. The last two concern bare models: a bundle says
/// itself what it takes.
struct RepositoryOptions {
  engine::EngineOptions engine;
  std::map<std::string, Shape> shapes;  ///< shapes of inputs, where the file leaves them open
  std::string preprocess;               ///< spec of how a picture becomes the input; empty: none
};

/// Compiles what the paths hold. A bundle gives the tail of its default cut under the bundle's
/// name, every cut's tail as "name@cut", and the whole network; an ONNX file gives itself under its
/// stem. A tail whose two names mean one network is compiled once, and so is a whole network that
/// several bundles share. Only compiled weights stay in memory.
///
/// Every file of a bundle is checked against its SHA-256 and every tail against its check vector.
/// Errors: those of reading and compiling; kCorrupt where bundle and network contradict each other;
/// kInvalidArgument where two paths claim one name, or a preprocess spec does not fit the network.
Result<std::vector<Network>> load_repository(engine::Engine& engine,
                                             std::span<const std::filesystem::path> paths,
                                             const RepositoryOptions& options);

}  // namespace cleave::cloud
