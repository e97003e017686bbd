#pragma once

// Model-local functions. Private to the module.
#include <onnx/onnx_pb.h>

#include "base/result.h"

namespace cleave::graph {

/// Largest network, in nodes and in bytes of nodes, that calls may expand to.
inline constexpr std::int64_t kMaxInlinedNodes = 1'000'000;
inline constexpr std::int64_t kMaxInlinedBytes = std::int64_t{512} << 20;

/// Replaces every call of a model-local function, in bodies too, by the function's nodes, and drops
/// the functions: a cut may then lie inside of one, and engines need not know them. What a function
/// names for itself gets the call's name in front.
///
/// A function's operator sets count where the network names none of that domain; where both do,
/// ONNX demands that the operators used mean the same in both.
///
/// Errors: kCorrupt when a called function calls itself, directly or not; kResourceExhausted when
/// calls nest too deep or expand to more than the limits above.
Result<void> inline_functions(onnx::ModelProto& model);

}  // namespace cleave::graph
