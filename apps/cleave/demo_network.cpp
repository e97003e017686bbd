#include "demo_network.h"

#include <algorithm>

#include "base/file.h"
#include "base/spec.h"
#include "bundle/bundle.h"
#include "data/image.h"
#include "data/inputs.h"
#include "data/labels.h"
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

/// A bundle with a unit, and beside it "pictures", a folder for each class, "0-coat", "1-…".
Result<DemoNetwork> network_of_assets(const fs::path& folder) {
  const bundle::Bundle bundle = CLEAVE_TRY(bundle::Bundle::load(folder));
  const bundle::Manifest& manifest = bundle.manifest();
  DemoNetwork network{.model = folder / manifest.model.file,
                      .name = manifest.model_name,
                      .labels = manifest.labels,
                      .preprocess = manifest.preprocess,
                      .unit = folder,
                      .trained = true};
  const std::string pictures = (folder / "pictures").string();
  for (const data::InputItem& item : CLEAVE_TRY(data::expand_inputs({&pictures, 1}))) {
    const std::string shown = item.path.parent_path().filename().string();
    network.pictures.push_back(item.path.string());
    network.classes.push_back(
        parse_number<std::int64_t>(shown.substr(0, shown.find('-'))).value_or(-1));
  }
  return network;
}

}  // namespace

Result<DemoNetwork> choose_demo_network(const std::string& data_folder, const fs::path& assets,
                                        const fs::path& scratch) {
  const fs::path data(data_folder);
  const fs::path model = data / "models" / "squeezenet1.1.onnx";
  std::error_code ignored;
  std::vector<std::string> photos = photos_in(data / "photos");
  if (data_folder.empty() || !fs::exists(model, ignored) || photos.empty()) {
    return assets.empty() ? write_seeded_network(scratch) : network_of_assets(assets);
  }
  DemoNetwork network{.model = model,
                      .pictures = std::move(photos),
                      .preprocess = std::string(kPreprocess),
                      .trained = true};
  const fs::path labels = data / "labels" / "labels1000.txt";
  if (fs::exists(labels, ignored)) network.labels = CLEAVE_TRY(data::read_labels(labels));
  return network;
}

}  // namespace cleave::app
