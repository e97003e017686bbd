#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cleave::data {

/// Pictures, ordered by path, and the classes that their folders name.
struct PictureTree {
  std::vector<std::size_t> files;  ///< positions among the paths given
  std::vector<int> labels;         ///< of `files`, by position in `classes`; empty without classes
  std::vector<std::string> classes;  ///< sorted
  std::string split;                 ///< that was chosen; empty where there are none
};

/// Finds split and classes in relative paths with '/' between their parts. Folders that all share
/// are left away; where everything then lies in `train` or `test`, these are the splits, of which
/// `split` (test, if empty) is taken; the next folder is the class. Classes are those of all splits
/// together, so that every split counts them alike. Pictures in no further folder have no labels,
/// and neither have those that lie in one only. Errors: kInvalidArgument for a split where there
/// are none or that is not one, for pictures beside folders of classes, and for a path given twice;
/// kNotFound for no picture at all.
Result<PictureTree> arrange_pictures(std::span<const std::string> paths, std::string_view split);

}  // namespace cleave::data
