// The reader of NumPy's files on any bytes: what it accepts survives a round trip.
#include "data/npy.h"

#include <algorithm>
#include <cstdlib>

#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = 1 << 20;
  const auto tensor =
      cleave::data::parse_npy({reinterpret_cast<const std::byte*>(data), size}, kLimit);
  if (!tensor) return 0;
  if (tensor->byte_size() > kLimit) std::abort();
  const auto file = cleave::data::format_npy(*tensor);
  if (!file) std::abort();
  const auto again = cleave::data::parse_npy(cleave::as_bytes(*file), kLimit);
  if (!again || again->shape() != tensor->shape() ||
      !std::ranges::equal(again->bytes(), tensor->bytes()))
    std::abort();
  return 0;
}
