// The reader of IDX files on any bytes, gzipped or not: what it accepts is exactly what is there.
#include "data/idx.h"

#include <cstdlib>

#include "data/unpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kLimit = 1 << 20;
  const auto file = cleave::data::gunzip({reinterpret_cast<const std::byte*>(data), size}, kLimit);
  if (!file) return 0;
  if (file->size() > kLimit) std::abort();
  const auto tensor = cleave::data::parse_idx(*file);
  if (!tensor) return 0;
  if (tensor->dtype() != cleave::DType::kU8 || tensor->byte_size() >= file->size()) std::abort();
  return 0;
}
