#pragma once

#include <memory>
#include <string_view>

#include "engine/engine.h"

namespace cleave::app {

/// The engine of this name; an unknown one is an error that lists those there are.
Result<std::unique_ptr<engine::Engine>> make_engine(std::string_view name);

}  // namespace cleave::app
