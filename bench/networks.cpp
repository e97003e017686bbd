#include "networks.h"

#include <cstdlib>

#include "base/file.h"
#include "zoo/zoo.h"

namespace cleave::bench {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
  std::string name = (fs::temp_directory_path() / "cleave-bench-XXXXXX").string();
  if (const char* made = ::mkdtemp(name.data())) path_ = made;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::optional<fs::path> data_folder() {
  const char* named = std::getenv("CLEAVE_DATA");
  const fs::path folder = named ? fs::path(named) : fs::path(CLEAVE_SOURCE_DIR) / "../shared/data";
  if (fs::is_directory(folder)) return folder;
  return std::nullopt;
}

std::vector<std::string> photo_paths() {
  const auto data = data_folder();
  std::vector<std::string> paths;
  if (data && fs::is_directory(*data / "photos")) paths.push_back((*data / "photos").string());
  return paths;
}

Result<NetworkFile> zoo_network(const std::string& name, const ScratchFolder& scratch) {
  NetworkFile file{name, scratch.path() / (name + ".onnx")};
  CLEAVE_CHECK(write_file(file.path, CLEAVE_TRY(zoo::build(name, 1))));
  return file;
}

Result<NetworkFile> small_network(const ScratchFolder& scratch) {
  if (const auto data = data_folder()) {
    const fs::path path = *data / "models" / "squeezenet1.1.onnx";
    if (fs::exists(path)) return NetworkFile{"squeezenet1.1", path};
  }
  return zoo_network("mobilenet_v2", scratch);
}

}  // namespace cleave::bench
