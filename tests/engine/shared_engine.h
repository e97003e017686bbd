#pragma once

#include <memory>

#include "engine/openvino_engine.h"

namespace cleave {

/// One engine for a whole test program: making one takes a moment.
inline engine::Engine& test_engine() {
  static const std::unique_ptr<engine::Engine> kEngine = engine::make_openvino_engine();
  return *kEngine;
}

}  // namespace cleave
