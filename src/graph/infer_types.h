#pragma once

#include <onnx/onnx_pb.h>

#include "graph/model.h"
#include "graph/onnx_types.h"

namespace cleave::graph {

/// Types and shapes of the values of the outermost graph, inputs and initialisers included.
/// Sources, the first that knows a value in full wins: `infer`, libonnx, the file's own value_info.
/// The inputs of `model` must be concrete.
TypeMap infer_types(const onnx::ModelProto& model, const std::vector<TensorSpec>& inputs,
                    const TypeInference& infer);

/// Asks libonnx for what is not known yet, given what is.
void complete_types(const onnx::ModelProto& model, TypeMap& types);

}  // namespace cleave::graph
