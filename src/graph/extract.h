#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "graph/onnx_types.h"
#include "graph/wiring.h"

namespace cleave::graph {

/// The part of a network between named values, as Model::extract() describes it. Its nodes must be
/// sorted.
Result<onnx::ModelProto> extract_model(const onnx::ModelProto& model, const Wiring& wiring,
                                       const TypeMap& types,
                                       const std::vector<std::string>& input_names,
                                       const std::vector<std::string>& output_names);

}  // namespace cleave::graph
