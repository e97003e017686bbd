#include "demo_network.h"

#include <algorithm>

#include "base/file.h"
#include "data/image.h"
#include "data/synthetic.h"
#include "zoo/zoo.h"

namespace cleave::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPreprocess = "image:size=224,resize=256,mean=imagenet";
constexpr std::size_t kPhotos = 6;
constexpr std::string_view kZooNetwork = "mobilenet_v2";
constexpr std::uint64_t kSeed = 1;

std::vector<std::string> photos_in(const fs::path& folder) {
  std::vector<std::string> photos;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jpg") photos.push_back(entry.path().string());
  }
  std::ranges::sort(photos);
  if (photos.size() > kPhotos) photos.resize(kPhotos);
  return photos;
}

Result<DemoNetwork> write_seeded_network(const fs::path& scratch) {
  DemoNetwork network;
  network.model = scratch / (std::string(kZooNetwork) + ".onnx");
  const std::string bytes = CLEAVE_TRY(zoo::build(kZooNetwork, kSeed));
  CLEAVE_CHECK(write_file(network.model, bytes));
  const fs::path picture = scratch / "generated.png";
  const auto png = CLEAVE_TRY(data::encode_png(data::synthetic_picture(640, 480, kSeed)));
  CLEAVE_CHECK(write_file(picture, as_text(png)));
  network.pictures = {picture.string()};
  network.preprocess = kPreprocess;
  return network;
}

}  // namespace

Result<DemoNetwork> choose_demo_network(const std::string& data_folder, const fs::path& scratch) {
  const fs::path data(data_folder);
  const fs::path model = data / "models" / "squeezenet1.1.onnx";
  std::error_code ignored;
  std::vector<std::string> photos = photos_in(data / "photos");
  if (data_folder.empty() || !fs::exists(model, ignored) || photos.empty()) {
    return write_seeded_network(scratch);
  }
  const fs::path labels = data / "labels" / "labels1000.txt";
  return DemoNetwork{model, fs::exists(labels, ignored) ? labels : fs::path(), std::move(photos),
                     std::string(kPreprocess), true};
}

}  // namespace cleave::app
