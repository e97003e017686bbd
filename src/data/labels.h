#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::data {

/// One class and its score.
struct ClassScore {
  std::int64_t index = 0;
  float score = 0;
  bool operator==(const ClassScore&) const = default;
};

/// The lines of a text: the i-th is the name of class i. A final line break adds no class; "\r\n"
/// is a break.
std::vector<std::string> parse_labels(std::string_view text);
/// The same from a file of at most 16 MiB; a file without a line is an error.
Result<std::vector<std::string>> read_labels(const std::filesystem::path& path);

/// The `k` highest elements of an f32 tensor (all of them where it has fewer), highest first, the
/// lower index first among equals, NaN after everything. Batch 1: the tensor is read as one vector.
Result<std::vector<ClassScore>> top_k(const Tensor& logits, std::size_t k);

/// exp(x_i) / sum exp(x_j), without overflow. Empty for an empty input.
std::vector<float> softmax(std::span<const float> logits);

}  // namespace cleave::data
