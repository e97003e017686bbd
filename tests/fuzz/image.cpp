// The picture decoder on any bytes: what it accepts is whole, and survives a lossless round trip.
#include "data/image.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kFewPixels = 1 << 16;
  const auto image =
      cleave::data::decode_image({reinterpret_cast<const std::byte*>(data), size}, kFewPixels);
  if (!image) return 0;
  if (image->width < 1 || image->height < 1) std::abort();
  if (image->rgb.size() != std::size_t{3} * image->width * image->height) std::abort();
  const auto png = cleave::data::encode_png(*image);
  if (!png) std::abort();
  const auto again = cleave::data::decode_image(*png);
  if (!again || *again != *image) std::abort();
  return 0;
}
