// The reader of tar archives on any bytes, and the classes in its paths: limits hold, every file
// lies in the bytes that were kept, every label has its class.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "data/picture_tree.h"
#include "data/unpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr cleave::data::UnpackLimits kLimits{.files = 64, .bytes = 1 << 20};
  const auto packed = cleave::data::unpack_tar(
      {reinterpret_cast<const std::byte*>(data), size}, [](std::string_view) { return true; },
      kLimits);
  if (!packed) return 0;
  if (packed->files.size() > kLimits.files || packed->bytes.size() > kLimits.bytes) std::abort();
  std::vector<std::string> paths;
  for (const auto& file : packed->files) {
    if (file.offset > packed->bytes.size() || file.size > packed->bytes.size() - file.offset)
      std::abort();
    paths.push_back(file.path);
  }
  const auto tree = cleave::data::arrange_pictures(paths, "");
  if (!tree) return 0;
  const bool has_classes = !tree->classes.empty();
  if (tree->labels.size() != (has_classes ? tree->files.size() : 0)) std::abort();
  for (const int label : tree->labels)
    if (label < 0 || label >= static_cast<int>(tree->classes.size())) std::abort();
  return 0;
}
