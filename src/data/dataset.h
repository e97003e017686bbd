#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/image.h"

namespace cleave::data {

/// The folder of data sets: the environment variable CLEAVE_DATA, else ../shared/data.
std::filesystem::path default_data_folder();

/// Pictures to run a network on, with or without labels, decoded when asked for.
///
/// An archive's compressed pictures and IDX files are held in memory, which copies share. Immutable
/// and thread-safe. size() is at least 1; labels are positions in classes().
class Dataset {
 public:
  /// Opens, with `name` as one of
  /// - cifar10 or fashion-mnist: those sets below `data`;
  /// - a folder, or a tar archive, plain or gzipped, of .jpg, .jpeg and .png files, whose folders
  ///   are splits and classes (see arrange_pictures()).
  /// `split` is train or test; empty means test where there are splits. Known names go before
  /// files of that name. Errors name the file: kNotFound, kInvalidArgument and what reading the
  /// files may end with. A picture that cannot be decoded shows only in picture().
  static Result<Dataset> open(const std::string& name, std::string_view split = "",
                              const std::filesystem::path& data = default_data_folder());

  std::size_t size() const { return parts_.size; }
  /// Names of the classes in the order of labels; empty without labels.
  const std::vector<std::string>& classes() const { return parts_.classes; }
  /// The split that was chosen; empty where there are none.
  const std::string& split() const { return parts_.split; }
  std::optional<int> label(std::size_t i) const {
    return parts_.labels.empty() ? std::nullopt : std::optional(parts_.labels[i]);
  }
  /// Decodes picture `i` < size(); gray becomes RGB. Errors name the picture.
  Result<Image> picture(std::size_t i) const { return parts_.picture(i); }

  /// What a set is made of.
  struct Parts {
    std::size_t size = 0;
    std::string split;
    std::vector<std::string> classes;
    std::vector<int> labels;  ///< one for each picture, or none at all
    std::function<Result<Image>(std::size_t)> picture;
  };
  explicit Dataset(Parts parts) : parts_(std::move(parts)) {}

 private:
  Parts parts_;
};

}  // namespace cleave::data
