#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "base/file.h"
#include "base/tensor.h"
#include "data/idx.h"
#include "data/inputs.h"
#include "data/picture_tree.h"
#include "data/unpack.h"

namespace cleave::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlace = "data.dataset";
constexpr std::uint64_t kMaxArchiveBytes = std::uint64_t{2} << 30;
constexpr std::uint64_t kMaxIdxBytes = std::uint64_t{1} << 30;

/// Fashion-MNIST's classes, as its authors name them.
constexpr std::array<std::string_view, 10> kFashion{
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/// Not the companions that macOS puts beside files, which have their extension.
bool is_picture(std::string_view path) {
  const fs::path file(path);
  return input_kind(file) == InputKind::kImage && !file.filename().string().starts_with("._");
}

Result<Dataset> tree_set(const std::vector<std::string>& paths, std::string_view split,
                         std::function<Result<Image>(std::size_t)> decode) {
  PictureTree tree = CLEAVE_TRY(arrange_pictures(paths, split));
  return Dataset({tree.files.size(), std::move(tree.split), std::move(tree.classes),
                  std::move(tree.labels),
                  [files = std::move(tree.files), decode = std::move(decode)](std::size_t i) {
                    return decode(files[i]);
                  }});
}

Result<Dataset> folder_set(const fs::path& folder, std::string_view split) {
  const std::vector<InputItem> items =
      CLEAVE_TRY(expand_inputs(std::vector<std::string>{folder.string()}));
  std::vector<fs::path> files;
  std::vector<std::string> paths;
  for (const InputItem& item : items) {
    if (!is_picture(item.path.string())) continue;
    files.push_back(item.path);
    paths.push_back(item.path.lexically_relative(folder).generic_string());
  }
  return tree_set(paths, split,
                  [files = std::move(files)](std::size_t i) { return load_image(files[i]); });
}

Result<Dataset> archive_set(const fs::path& file, std::string_view split) {
  const std::string bytes = CLEAVE_TRY(read_file(file, kMaxArchiveBytes));
  const auto packed =
      std::make_shared<const PackedFiles>(CLEAVE_TRY(unpack_tar(as_bytes(bytes), is_picture)));
  std::vector<std::string> paths;
  for (const PackedFiles::File& found : packed->files) paths.push_back(found.path);
  return tree_set(paths, split, [packed, file](std::size_t i) {
    return about("'" + packed->files[i].path + "' in '" + file.string() + "'",
                 decode_image(packed->content(i)));
  });
}

Result<Tensor> read_idx(const fs::path& file, std::size_t rank) {
  const std::string bytes = CLEAVE_TRY(read_file(file, kMaxIdxBytes));
  const auto read = [&]() -> Result<Tensor> {
    Tensor tensor = CLEAVE_TRY(parse_idx(CLEAVE_TRY(gunzip(as_bytes(bytes), kMaxIdxBytes))));
    if (tensor.shape().size() == rank && tensor.elements() > 0) return tensor;
    return fail(ErrorCode::kCorrupt, kPlace,
                "has shape " + shape_text(tensor.shape()) + ", expected " + std::to_string(rank) +
                    " dimension(s) of at least 1");
  };
  return about("'" + file.string() + "'", read());
}

Image gray_picture(const Tensor& pictures, std::size_t i) {
  Image image(static_cast<int>(pictures.shape()[2]), static_cast<int>(pictures.shape()[1]));
  const std::size_t pixels = image.rgb.size() / 3;
  const auto gray = pictures.as<std::uint8_t>().subspan(i * pixels, pixels);
  for (std::size_t p = 0; p < image.rgb.size(); ++p) image.rgb[p] = gray[p / 3];
  return image;
}

Result<std::vector<int>> checked_labels(const Tensor& labels, const Tensor& pictures,
                                        std::size_t classes) {
  if (labels.elements() != pictures.shape()[0]) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "found " + std::to_string(labels.elements()) + " labels for " +
                    std::to_string(pictures.shape()[0]) + " pictures");
  }
  const auto values = labels.as<std::uint8_t>();
  const std::uint8_t highest = *std::ranges::max_element(values);
  if (highest < classes) return std::vector<int>(values.begin(), values.end());
  return fail(
      ErrorCode::kCorrupt, kPlace,
      "found label " + std::to_string(highest) + ", expected less than " + std::to_string(classes));
}

Result<Dataset> fashion_mnist(const fs::path& data, std::string_view split) {
  const std::string chosen(split.empty() ? "test" : split);
  if (chosen != "train" && chosen != "test") {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "unknown split '" + chosen + "', expected one of train, test");
  }
  const std::string prefix = chosen == "train" ? "train" : "t10k";
  const fs::path folder = data / "fashion-mnist";
  const auto pictures = std::make_shared<const Tensor>(
      CLEAVE_TRY(read_idx(folder / (prefix + "-images-idx3-ubyte.gz"), 3)));
  const Tensor labels = CLEAVE_TRY(read_idx(folder / (prefix + "-labels-idx1-ubyte.gz"), 1));
  Dataset::Parts parts;
  parts.labels = CLEAVE_TRY(
      about("'" + folder.string() + "'", checked_labels(labels, *pictures, kFashion.size())));
  parts.size = parts.labels.size();
  parts.split = chosen;
  parts.classes.assign(kFashion.begin(), kFashion.end());
  parts.picture = [pictures](std::size_t i) -> Result<Image> { return gray_picture(*pictures, i); };
  return Dataset(std::move(parts));
}

Result<Dataset> cifar10(const fs::path& data, std::string_view split) {
  // Its classes' own order is that of their names.
  const fs::path file = data / "cifar10/CIFAR-10-images.tar.gz";
  return about("'" + file.string() + "'", archive_set(file, split));
}

struct KnownSet {
  std::string_view name;
  Result<Dataset> (*open)(const fs::path& data, std::string_view split);
};

/// Every set with a name. The one place to add one.
constexpr std::array kKnownSets{
    KnownSet{"cifar10", cifar10},
    KnownSet{"fashion-mnist", fashion_mnist},
};

}  // namespace

fs::path default_data_folder() {
  const char* named = std::getenv("CLEAVE_DATA");
  return named != nullptr ? named : "../shared/data";
}

Result<Dataset> Dataset::open(const std::string& name, std::string_view split,
                              const fs::path& data) {
  std::string known_names;
  for (const KnownSet& known : kKnownSets) {
    if (known.name == name) return about("data set '" + name + "'", known.open(data, split));
    known_names += std::string(known.name) + ", ";
  }
  std::error_code ignored;
  const fs::file_status status = fs::status(name, ignored);
  if (!fs::exists(status)) {
    return fail(ErrorCode::kNotFound, kPlace,
                "'" + name + "' is not there, expected " + known_names +
                    "a folder of pictures or a .tar.gz of one");
  }
  return about("'" + name + "'",
               fs::is_directory(status) ? folder_set(name, split) : archive_set(name, split));
}

}  // namespace cleave::data
