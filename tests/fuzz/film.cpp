// The reader of films on any bytes: pictures have one size, within the limit, and MP4 has no more
// of them than its table says.
#include "data/film.h"

#include <cstdlib>

#include "data/mp4.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kLimit = 1 << 16;
  const std::string file(reinterpret_cast<const char*>(data), size);
  std::size_t most = size;
  if (const auto track = cleave::data::read_mp4(std::as_bytes(std::span(file)))) {
    most = 0;
    for (const auto& sample : track->samples) {
      // Pictures may share bytes, but each has its own place in the table.
      if (sample.size() > size) std::abort();
      ++most;
    }
  }
  auto film = cleave::data::Film::parse(file, kLimit);
  if (!film) return 0;
  const std::int64_t pixels = std::int64_t{film->width()} * film->height();
  if (pixels < 1 || pixels > kLimit) std::abort();
  for (std::size_t frames = 0;; ++frames) {
    const auto frame = film->next();
    if (!frame || !*frame) return 0;
    if ((*frame)->width != film->width() || (*frame)->height != film->height()) std::abort();
    // A sample may hold two fields, each shown as a picture.
    if (frames >= 2 * most) std::abort();
  }
}
