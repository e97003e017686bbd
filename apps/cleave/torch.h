#pragma once

#include <memory>

#include "engine/engine.h"

namespace cleave::app {

/// The engine `torch`. libtorch takes half a second to load, so that only the program
/// `cleave-torch` has it; `cleave` becomes that program, with the same command line, where it is
/// asked for. Errors: kUnsupported where there is none.
Result<std::unique_ptr<engine::Engine>> make_torch_engine();

}  // namespace cleave::app
