#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cleave {

/// Views a text as bytes and back; no copy.
inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whether a name from elsewhere is that of a file in the folder at hand: no path, nothing hidden.
bool is_file_name(std::string_view name);

/// Largest file that read_file() takes unless told otherwise.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{4} << 30;

/// The whole file. Errors name the path and the system's reason; a folder or a file over
/// `max_bytes` is refused.
Result<std::string> read_file(const std::filesystem::path& path,
                              std::uint64_t max_bytes = kMaxFileBytes);

/// Writes the file under a temporary name beside it, flushes it to disk and renames it: whole or
/// not at all. A device or a pipe is written to as it stands, never replaced.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

/// A folder that comes into being whole or not at all: fill `path()`, then `commit()`.
/// Without a commit the destructor removes what was written. Not thread-safe.
class StagedFolder {
 public:
  /// Makes a temporary folder beside `target`. Fails when `target` exists and is not an empty
  /// folder.
  static Result<StagedFolder> create(const std::filesystem::path& target);
  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;
  ~StagedFolder();

  const std::filesystem::path& path() const { return staging_; }
  /// Renames the folder to its target.
  Result<void> commit();

 private:
  StagedFolder(std::filesystem::path staging, std::filesystem::path target)
      : staging_(std::move(staging)), target_(std::move(target)) {}
  std::filesystem::path staging_;
  std::filesystem::path target_;
};

}  // namespace cleave
