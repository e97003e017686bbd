#include "data/inputs.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace cleave::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlace = "data.inputs";

struct Extension {
  std::string_view text;
  InputKind kind;
};
constexpr std::array<Extension, 7> kExtensions{{{".jpg", InputKind::kImage},
                                                {".jpeg", InputKind::kImage},
                                                {".png", InputKind::kImage},
                                                {".webp", InputKind::kImage},
                                                {".npy", InputKind::kTensor},
                                                {".mp4", InputKind::kFilm},
                                                {".y4m", InputKind::kFilm}}};

Result<std::vector<InputItem>> expand_folder(const fs::path& folder) {
  std::vector<InputItem> items;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const auto kind = input_kind(it->path());
    std::error_code ignored;  // a dangling link is not an input
    const bool wanted = kind && kind != InputKind::kFilm;
    if (wanted && it->is_regular_file(ignored)) items.push_back({it->path(), *kind});
  }
  if (error)
    return fail(ErrorCode::kIo, kPlace,
                "cannot read folder '" + folder.string() + "': " + error.message());
  if (items.empty()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "folder '" + folder.string() + "' holds no .jpg, .jpeg, .png, .webp or .npy file");
  }
  std::ranges::sort(items, {}, &InputItem::path);
  return items;
}

}  // namespace

std::optional<InputKind> input_kind(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto it = std::ranges::find(kExtensions, extension, &Extension::text);
  if (it == kExtensions.end()) return std::nullopt;
  return it->kind;
}

Result<std::vector<InputItem>> expand_inputs(std::span<const std::string> paths) {
  std::vector<InputItem> items;
  for (const std::string& text : paths) {
    const fs::path path(text);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
      return fail(ErrorCode::kNotFound, kPlace,
                  "'" + text + "' is not there, expected a file or a folder");
    }
    if (fs::is_directory(status)) {
      std::ranges::move(CLEAVE_TRY(expand_folder(path)), std::back_inserter(items));
    } else if (const auto kind = input_kind(path)) {
      items.push_back({path, *kind});
    } else {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "'" + text +
                      "' is of an unknown kind, expected a .jpg, .jpeg, .png, .webp, .npy, .mp4 or "
                      ".y4m file");
    }
  }
  return items;
}

}  // namespace cleave::data
