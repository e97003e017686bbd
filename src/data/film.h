#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "data/image.h"

namespace cleave::data {

/// Largest picture of a film unless told otherwise: 4096x2304. A decoder holds two dozen.
inline constexpr std::int64_t kMaxFilmPixels = std::int64_t{4096} * 2304;

/// The pictures of a film, one by one as RGB, in the order in which they are shown: YUV4MPEG2
/// (.y4m), or H.264 or H.265 in MP4, told apart by their first bytes. Times, sound, edit lists and
/// the pixels' aspect are passed over. The file is held in memory and may be hostile; beside it a
/// film takes some forty bytes a pixel of `max_pixels`. Not thread-safe.
class Film {
 public:
  /// Reads a file of up to 1 GiB; errors name it, and are those of parse().
  static Result<Film> open(const std::filesystem::path& path);
  /// Errors: kNotThisFormat; those of Y4m::parse() and read_mp4(); kResourceExhausted for pictures
  /// over `max_pixels`; kUnsupported for MP4 in a build without video.
  static Result<Film> parse(std::string file, std::int64_t max_pixels = kMaxFilmPixels);
  Film(Film&&) noexcept;
  Film& operator=(Film&&) noexcept;
  ~Film();

  int width() const;
  int height() const;

  /// The next picture; nothing behind the last. Errors: kNeedMoreBytes where the file ends within a
  /// picture, kCorrupt for one that cannot be decoded or has another size; kUnsupported for samples
  /// of more than 8 bits.
  Result<std::optional<Image>> next();

  /// A way to read films.
  class Reader;

 private:
  explicit Film(std::unique_ptr<Reader> reader);
  std::unique_ptr<Reader> reader_;
};

}  // namespace cleave::data
