#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cleave::bench {

/// A folder for a benchmark's files, removed with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// An ONNX file; its server calls the network by `name`.
struct NetworkFile {
  std::string name;
  std::filesystem::path path;
};

/// The folder of real networks and photos: CLEAVE_DATA, else ../shared/data beside the repository.
std::optional<std::filesystem::path> data_folder();
/// Photos to run networks on; none without the data folder.
std::vector<std::string> photo_paths();

/// Writes a network of the zoo, with seeded weights.
Result<NetworkFile> zoo_network(const std::string& name, const ScratchFolder& scratch);
/// SqueezeNet 1.1 with trained weights; where there is no data folder, the zoo's MobileNetV2.
Result<NetworkFile> small_network(const ScratchFolder& scratch);

}  // namespace cleave::bench
