#pragma once

#include <memory>

#include "engine/engine.h"

namespace cleave::engine {

/// The OpenVINO CPU engine. Computes in f32 unless told otherwise (OpenVINO's own default is bf16
/// on processors that have it).
std::unique_ptr<Engine> make_openvino_engine();

}  // namespace cleave::engine
