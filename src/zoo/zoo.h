#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cleave::zoo {

class GraphBuilder;

/// A network that can be written. `input` and `output` are shapes; of several, in the file's order
/// and with a comma between them. `parameters` and `macs` are those of the file as written. A batch
/// normalisation folded into its convolution leaves one parameter per channel of its two; the
/// statistics of one that stands by itself are no parameters.
/// Multiply-accumulates of one inference are those of fully connected layers, of every step of
/// recurrent ones, and of convolutions; of transposed ones also those that fall beyond the border.
struct Architecture {
  std::string_view name;
  std::string_view input;
  std::string_view output;
  std::int64_t parameters = 0;
  std::int64_t macs = 0;
  void (*define)(GraphBuilder&) = nullptr;
};

/// Every network, in the order it is listed.
std::span<const Architecture> architectures();

/// The network as a serialised ONNX model (opset 13, IR version 8). A classifier's input is
/// "input", its output "logits"; docs/zoo.md names those of the others. The weights are random,
/// drawn from `seed` so that activations keep their range through the depth; they are not trained,
/// and the same on every machine. Takes about twice the file's size in memory. Thread-safe. Errors:
/// kInvalidArgument for an unknown name, which lists the known ones.
Result<std::string> build(std::string_view name, std::uint64_t seed);

}  // namespace cleave::zoo
