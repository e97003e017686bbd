#pragma once

// From the bytes of a file to a checked, self-contained protobuf record. Private to the module.
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace cleave::graph {

/// Largest network, in bytes, weights included: what protobuf can serialise.
inline constexpr std::int64_t kMaxModelBytes = 0x7fffffff;

/// Parses a network, reads its external weights from `base_folder` and checks what later steps rely
/// on: there are a graph and outputs, and tensors hold the data they promise. Calls of functions
/// are inlined.
Result<onnx::ModelProto> parse_proto(std::string_view bytes,
                                     const std::filesystem::path& base_folder);

/// Calls `visit` with every tensor of a network, those of bodies and functions too, until one
/// fails.
using TensorVisitor = std::function<Result<void>(onnx::TensorProto&)>;
Result<void> visit_tensors(onnx::ModelProto& model, const TensorVisitor& visit);

/// Reads the data of every tensor that is kept in a file of its own. Files must lie in
/// `base_folder` or below, links resolved; none is allowed when it is empty. Network and weights
/// together stay within kMaxModelBytes.
Result<void> read_external_data(onnx::ModelProto& model, const std::filesystem::path& base_folder);

}  // namespace cleave::graph
