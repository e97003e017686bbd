#pragma once

#include <functional>

#include "base/result.h"

namespace CLI {
class App;
}

namespace cleave::app {

/// `cleave codec stream`: declares its options on the command; what it returns runs it.
std::function<Result<int>()> define_codec_stream(CLI::App& command);

}  // namespace cleave::app
