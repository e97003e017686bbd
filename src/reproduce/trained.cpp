#include "reproduce/trained.h"

#include <algorithm>

#include "engine/type_inference.h"

namespace cleave::reproduce {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPhotos = 6;

}  // namespace

Result<graph::Model> load_trained(const fs::path& data, const Trained& trained,
                                  engine::Engine& engine) {
  graph::LoadOptions options;
  options.infer = engine::type_inference(engine);
  return graph::Model::load(data / "models" / trained.file, options);
}

Result<std::vector<std::string>> photos_of(const fs::path& data) {
  std::vector<std::string> photos;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data / "photos", error))
    if (entry.path().extension() == ".jpg") photos.push_back(entry.path().string());
  if (photos.empty()) {
    return fail(ErrorCode::kNotFound, "reproduce.photos",
                "no .jpg in '" + (data / "photos").string() + "', expected photos");
  }
  std::ranges::sort(photos);
  if (photos.size() > kPhotos) photos.resize(kPhotos);
  return photos;
}

}  // namespace cleave::reproduce
