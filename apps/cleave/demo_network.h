#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cleave::app {

/// What the demo runs: a network and pictures, as files.
struct DemoNetwork {
  std::filesystem::path model;
  std::filesystem::path labels;  ///< empty: none
  std::vector<std::string> pictures;
  std::string preprocess;
  bool trained = false;  ///< real weights and photographs; without them labels mean nothing
};

/// The trained network and the photographs of `data_folder`; where it is empty or lacks them, a
/// seeded network of the zoo and a generated picture, written into `scratch`.
Result<DemoNetwork> choose_demo_network(const std::string& data_folder,
                                        const std::filesystem::path& scratch);

}  // namespace cleave::app
