#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace cleave::data {

/// What a file given as input holds, told by its extension.
enum class InputKind {
  kImage,   ///< .jpg, .jpeg, .png, .webp
  kTensor,  ///< .npy
  kFilm,    ///< .mp4, .y4m
};

/// Nothing for a file of another kind. Extensions are compared without case.
std::optional<InputKind> input_kind(const std::filesystem::path& path);

/// One input of a run.
struct InputItem {
  std::filesystem::path path;
  InputKind kind = InputKind::kImage;
};

/// Files stay in the order given; a folder becomes the pictures and tensors below it, sorted by
/// path, other files, films and links to folders passed over. Errors: kNotFound for a path that is
/// not there, kInvalidArgument for a file of another kind or a folder with none of ours.
Result<std::vector<InputItem>> expand_inputs(std::span<const std::string> paths);

}  // namespace cleave::data
