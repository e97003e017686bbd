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

/// Where a network has each of a data set's `classes`. With the network's `labels`: on the line of
/// that name, or the only one that has it among its names between commas, without regard to ASCII
/// case. Without labels: classes are counted alike. Errors: kInvalidArgument, with what was found
/// and expected, where labels or (without labels) classes are not `class_count`, and for a class
/// that no line names or several do.
Result<std::vector<std::int64_t>> match_classes(std::span<const std::string> classes,
                                                std::span<const std::string> labels,
                                                std::int64_t class_count);

/// The `k` highest elements of an f32 tensor (all of them where it has fewer), highest first, the
/// lower index first among equals, NaN after everything. Batch 1: the tensor is read as one vector.
Result<std::vector<ClassScore>> top_k(const Tensor& logits, std::size_t k);

/// exp(x_i) / sum exp(x_j), without overflow. Empty for an empty input.
std::vector<float> softmax(std::span<const float> logits);

}  // namespace cleave::data
