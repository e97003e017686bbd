#include "data/picture_tree.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "base/spec.h"

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.dataset";
constexpr std::array<std::string_view, 2> kSplits{"train", "test"};
constexpr std::string_view kDefaultSplit = "test";

/// A picture's position among the paths given, and what of its path is still to be read.
struct Part {
  std::size_t file = 0;
  std::string_view rest;
};
using Parts = std::vector<Part>;

/// The outermost folder; empty for a file in none.
std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.find('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash);
}

void drop_folder(Part& part) { part.rest.remove_prefix(part.rest.find('/') + 1); }

bool is_split(std::string_view folder) {
  return std::ranges::find(kSplits, folder) != kSplits.end();
}

void drop_shared_folders(Parts& parts) {
  for (;;) {
    const std::string_view folder = folder_of(parts.front().rest);
    const auto shares = [&](const Part& part) { return folder_of(part.rest) == folder; };
    if (folder.empty() || is_split(folder) || !std::ranges::all_of(parts, shares)) return;
    std::ranges::for_each(parts, drop_folder);
  }
}

Result<Parts> sorted_parts(std::span<const std::string> paths) {
  if (paths.empty())
    return fail(ErrorCode::kNotFound, kPlace, "found no picture, expected .jpg, .jpeg or .png");
  Parts parts;
  for (std::size_t i = 0; i < paths.size(); ++i) parts.push_back({i, paths[i]});
  std::ranges::sort(parts, {}, &Part::rest);
  const auto twice = std::ranges::adjacent_find(parts, {}, &Part::rest);
  if (twice == parts.end()) return parts;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "found '" + std::string(twice->rest) + "' twice, expected each picture once");
}

/// The split to take, after dropping its folder from every part; empty where there are no splits.
Result<std::string> choose_split(Parts& parts, std::vector<std::string_view>& split_of,
                                 std::string_view wanted) {
  if (!wanted.empty() && !is_split(wanted))
    return std::unexpected(unknown_name(kPlace, "split", wanted, {kSplits.begin(), kSplits.end()}));
  const bool has_splits =
      std::ranges::all_of(parts, [](const Part& part) { return is_split(folder_of(part.rest)); });
  if (!has_splits) {
    split_of.assign(parts.size(), {});
    if (wanted.empty()) return std::string();
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "split '" + std::string(wanted) +
                    "' is wanted, found no folders 'train' and 'test' that hold everything");
  }
  for (Part& part : parts) {
    split_of.push_back(folder_of(part.rest));
    drop_folder(part);
  }
  return std::string(wanted.empty() ? kDefaultSplit : wanted);
}

/// The names of the classes, sorted; none where pictures lie in no folders.
Result<std::vector<std::string>> classes_of(const Parts& parts) {
  std::set<std::string_view> names;
  for (const Part& part : parts) names.insert(folder_of(part.rest));
  const bool loose = names.erase("") > 0;
  if (!loose || names.empty()) return std::vector<std::string>(names.begin(), names.end());
  const auto bare = std::ranges::find(parts, "", [](const Part& p) { return folder_of(p.rest); });
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "found picture '" + std::string(bare->rest) + "' beside " +
                  std::to_string(names.size()) + " folder(s) such as '" +
                  std::string(*names.begin()) +
                  "', expected every picture in a class's folder, or none");
}

}  // namespace

Result<PictureTree> arrange_pictures(std::span<const std::string> paths, std::string_view split) {
  Parts parts = CLEAVE_TRY(sorted_parts(paths));
  drop_shared_folders(parts);
  PictureTree tree;
  std::vector<std::string_view> split_of;
  tree.split = CLEAVE_TRY(choose_split(parts, split_of, split));
  tree.classes = CLEAVE_TRY(classes_of(parts));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (split_of[i] != tree.split) continue;
    tree.files.push_back(parts[i].file);
    if (tree.classes.empty()) continue;
    const auto found = std::ranges::lower_bound(tree.classes, folder_of(parts[i].rest));
    tree.labels.push_back(static_cast<int>(found - tree.classes.begin()));
  }
  if (!tree.files.empty()) return tree;
  return fail(ErrorCode::kNotFound, kPlace,
              "found no picture in '" + tree.split + "', but in its sibling alone");
}

}  // namespace cleave::data
