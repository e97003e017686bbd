#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::reproduce {

/// A network of one input, compiled once for named values within it. One thread at a time.
class Probe {
 public:
  /// Errors: of extracting and compiling; kUnsupported for several inputs.
  static Result<Probe> create(const graph::Model& model, const std::vector<std::string>& values,
                              engine::Engine& engine);

  /// The values by name, the input under its own.
  Result<std::map<std::string, Tensor>> run(Tensor input);

 private:
  Probe() = default;
  std::string input_;
  std::vector<std::string> values_;  ///< in the order of the session's outputs
  std::unique_ptr<engine::Session> session_;
};

/// Everything that crosses some cut, each value once.
std::vector<std::string> crossing_values(const graph::Model& model);

}  // namespace cleave::reproduce
