#pragma once

// ONNX's own tests of operators, as Debian's libonnx-testdata lays them out.
#include <ATen/ATen.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cleave::train {

/// The folders of all tests, in order of name; empty where the package is not installed.
std::vector<std::filesystem::path> onnx_tests();

std::string read_bytes(const std::filesystem::path& path);

/// A test's first recorded "input"s or "output"s; nothing where one is no tensor of libtorch's
/// types.
std::optional<std::vector<at::Tensor>> recorded(const std::filesystem::path& test,
                                                const std::string& kind);

}  // namespace cleave::train
