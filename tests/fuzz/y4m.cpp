// The reader of Y4M films on any bytes: what it accepts has frames of one size, within the limit,
// and no more of them than there are bytes for.
#include "data/y4m.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kLimit = 1 << 16;
  auto film = cleave::data::Y4m::parse({reinterpret_cast<const std::byte*>(data), size}, kLimit);
  if (!film) return 0;
  const std::int64_t pixels = std::int64_t{film->width()} * film->height();
  if (pixels < 1 || pixels > kLimit) std::abort();
  for (std::size_t left = size;;) {
    const auto frame = film->next();
    if (!frame || !*frame) return 0;
    if ((*frame)->width != film->width() || (*frame)->height != film->height()) std::abort();
    if (left < static_cast<std::size_t>(pixels)) std::abort();
    left -= static_cast<std::size_t>(pixels);
  }
}
