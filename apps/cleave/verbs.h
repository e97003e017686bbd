#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace CLI {
class App;
}

namespace cleave::app {

/// What a verb does once its arguments are parsed; the value is the exit code.
using Action = std::function<Result<int>()>;

/// A verb of the command line. `define` declares the arguments on its subcommand and returns the
/// action, which owns the parsed values.
struct Verb {
  std::string_view name;
  std::string_view help;
  Action (*define)(CLI::App& command);
};

/// Every verb, in the order of `cleave --help`. The one place to add one.
std::span<const Verb> verbs();

}  // namespace cleave::app
