#pragma once

#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::engine {

/// Has a network's types and shapes told by an engine, which must outlive the loading.
inline graph::TypeInference type_inference(Engine& engine) {
  return [&engine](const std::string& onnx_bytes, const std::vector<TensorSpec>& inputs) {
    return engine.infer_types(onnx_bytes, inputs);
  };
}

}  // namespace cleave::engine
