#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

/// The weights of several networks in one file beside them, by ONNX's own external data: what ever
/// reads ONNX files reads these.
namespace cleave::graph {

/// Collects the weights of networks, those that are equal once. Not thread-safe.
class SharedWeights {
 public:
  /// `file` is the name of the file that the weights will lie in, in the networks' folder.
  explicit SharedWeights(std::string file) : file_(std::move(file)) {}

  /// Takes the large initialisers out of a network and returns what is left of it, which says where
  /// they lie. Small ones stay: shape inference has to see them. Errors: kNotThisFormat.
  Result<std::string> move_out(std::string_view onnx_bytes);

  /// What the file has to hold; empty where no network had large weights.
  const std::string& bytes() const { return bytes_; }

 private:
  std::uint64_t place_of(const std::string& data);

  std::string file_;
  std::string bytes_;
  std::unordered_map<std::string, std::uint64_t> offsets_;  ///< by SHA-256
};

/// The network with its weights inside again, from a file of `folder`, the only one that it may
/// name; none if `file` is empty. Errors: kNotThisFormat; kCorrupt for weights elsewhere or beyond
/// the file's end; kResourceExhausted over 2 GB; kIo.
Result<std::string> with_weights_inside(std::string_view onnx_bytes,
                                        const std::filesystem::path& folder, std::string_view file);

}  // namespace cleave::graph
