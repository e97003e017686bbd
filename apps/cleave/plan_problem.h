#pragma once

#include <string>

#include "base/result.h"

namespace cleave::app {

/// What `cleave plan --problem` takes: a bare problem instead of a network and profiles.
struct ProblemArgs {
  std::string path;
  std::string solver;  ///< by name; empty for the one of everyday use
  bool json = false;
};

/// Solves a "cleave-problem/1" or "cleave-dag/1" and prints the reply. Whatever is wrong with the
/// file is kInvalidArgument.
Result<int> plan_problem(const ProblemArgs& args);

}  // namespace cleave::app
