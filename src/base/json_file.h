#pragma once

#include <filesystem>
#include <string_view>

#include "base/file.h"
#include "base/json.h"

namespace cleave {

/// Reads a JSON file of at most 64 MiB and gives it to `read`, which makes a Result of it. Errors
/// name the file.
template <class Read>
auto load_json(const std::filesystem::path& path, std::string_view place, Read&& read)
    -> decltype(read(Json())) {
  const std::string text = CLEAVE_TRY(read_file(path, std::uint64_t{64} << 20));
  const auto parsed = [&]() -> decltype(read(Json())) {
    const Json json = CLEAVE_TRY(parse_json(text, place));
    return read(json);
  };
  return about("'" + path.string() + "'", parsed());
}

}  // namespace cleave
