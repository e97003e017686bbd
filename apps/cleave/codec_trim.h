#pragma once

#include <functional>

#include "base/result.h"

namespace CLI {
class App;
}

namespace cleave::app {

/// `cleave codec trim`: declares its options on the command; what it returns runs it.
std::function<Result<int>()> define_codec_trim(CLI::App& command);

}  // namespace cleave::app
