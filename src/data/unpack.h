#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

/// Archives and compressed files, from memory to memory: nothing is written anywhere. Bytes may be
/// hostile. Thread-safe.
namespace cleave::data {

/// What an archive may hold, the files that are passed over included.
struct UnpackLimits {
  std::size_t files = std::size_t{1} << 22;
  std::uint64_t bytes = std::uint64_t{2} << 30;
};

/// Files of an archive, one behind the other in one piece of memory.
struct PackedFiles {
  struct File {
    std::string path;  ///< relative, without "." parts; a name alone, which may hold ".."
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::vector<File> files;  ///< in the archive's order
  Bytes bytes;

  std::span<const std::byte> content(std::size_t i) const {
    return std::span(bytes).subspan(files[i].offset, files[i].size);
  }
};

/// The regular files of a tar archive, plain or gzipped, whose path `wants` accepts. Memory follows
/// what is really there, never what a header promises. Errors: kNotThisFormat, kNeedMoreBytes,
/// kCorrupt; kResourceExhausted over the limits.
Result<PackedFiles> unpack_tar(std::span<const std::byte> archive,
                               const std::function<bool(std::string_view path)>& wants,
                               const UnpackLimits& limits = {});

/// What was gzipped; bytes that are not gzipped come back as they are. Errors: kNeedMoreBytes,
/// kCorrupt; kResourceExhausted over `max_bytes`.
Result<Bytes> gunzip(std::span<const std::byte> bytes, std::uint64_t max_bytes);

}  // namespace cleave::data
