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
  std::string name{};  ///< empty: the file's
  std::vector<std::string> labels{};
  std::vector<std::string> pictures{};
  std::vector<std::int64_t> classes{};  ///< what each picture shows; empty where nobody knows
  std::string preprocess{};
  std::filesystem::path unit{};  ///< bundle of the network with a unit; empty: none
  bool trained = false;          ///< real weights and pictures; without them labels mean nothing
};

/// The trained network and the photographs of `data_folder`; where it is empty or lacks them, the
/// network that comes with the program, with its unit and pictures, in the folder `assets`; where
/// that is empty, a seeded network of the zoo and a generated picture, written into `scratch`.
Result<DemoNetwork> choose_demo_network(const std::string& data_folder,
                                        const std::filesystem::path& assets,
                                        const std::filesystem::path& scratch);

}  // namespace cleave::app
