#pragma once

#include <memory>

#include "engine/engine.h"

namespace cleave::train {

/// Runs networks as they are trained: by OnnxModule, in evaluation mode. Slower than engines made
/// for inference; it is there to compare with. libtorch has one number of threads for all sessions
/// of a process: the last compile() sets it. Precision::kBf16 is kUnsupported.
std::unique_ptr<engine::Engine> make_torch_engine();

}  // namespace cleave::train
