#include "train/onnx_suite.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "train/tensors.h"

namespace cleave::train {

namespace fs = std::filesystem;

std::vector<fs::path> onnx_tests() {
  const fs::path suite = "/usr/share/libonnx-testdata/data";
  std::vector<fs::path> folders;
  for (const char* kind : {"node", "simple", "pytorch-converted", "pytorch-operator"}) {
    if (!fs::exists(suite / kind)) continue;
    for (const auto& entry : fs::directory_iterator(suite / kind))
      if (fs::exists(entry.path() / "model.onnx")) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::vector<at::Tensor>> recorded(const fs::path& test, const std::string& kind) {
  std::vector<at::Tensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path path = test / "test_data_set_0" / (kind + '_' + std::to_string(i) + ".pb");
    if (!fs::exists(path)) return tensors;
    onnx::TensorProto record;
    if (!record.ParseFromString(read_bytes(path))) return std::nullopt;
    auto tensor = to_torch(record);
    if (!tensor) return std::nullopt;
    tensors.push_back(*std::move(tensor));
  }
}

}  // namespace cleave::train
