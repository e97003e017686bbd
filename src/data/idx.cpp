#include "data/idx.h"

#include <string>

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.idx";
constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kDimensionBytes = 4;
constexpr unsigned kUnsignedBytes = 0x08;
constexpr unsigned kMaxRank = 4;

unsigned byte_at(std::span<const std::byte> file, std::size_t at) {
  return std::to_integer<unsigned>(file[at]);
}

std::unexpected<Error> cut_short(std::size_t found, std::size_t expected) {
  return fail(ErrorCode::kNeedMoreBytes, kPlace,
              "found " + std::to_string(found) + " bytes, expected " + std::to_string(expected) +
                  " or more");
}

/// The rank that the first four bytes tell.
Result<std::size_t> read_magic(std::span<const std::byte> file) {
  if (file.size() < kMagicBytes) return cut_short(file.size(), kMagicBytes);
  const unsigned rank = byte_at(file, 3);
  if (byte_at(file, 0) != 0 || byte_at(file, 1) != 0 || rank < 1 || rank > kMaxRank) {
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "does not start as an IDX file, expected two zeros, an element type and a rank of "
                "1 to " +
                    std::to_string(kMaxRank));
  }
  if (byte_at(file, 2) != kUnsignedBytes) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "elements are of type " + std::to_string(byte_at(file, 2)) +
                    ", expected unsigned bytes (" + std::to_string(kUnsignedBytes) + ")");
  }
  return rank;
}

}  // namespace

Result<Tensor> parse_idx(std::span<const std::byte> file) {
  const std::size_t rank = CLEAVE_TRY(read_magic(file));
  const std::size_t header = kMagicBytes + rank * kDimensionBytes;
  if (file.size() < header) return cut_short(file.size(), header);
  Shape shape;
  for (std::size_t at = kMagicBytes; at < header; at += kDimensionBytes) {
    std::int64_t dimension = 0;
    for (std::size_t i = 0; i < kDimensionBytes; ++i)
      dimension = dimension << 8 | byte_at(file, at + i);
    shape.push_back(dimension);
  }
  const std::span<const std::byte> elements = file.subspan(header);
  const auto expected = element_count(shape);
  if (expected && static_cast<std::size_t>(*expected) == elements.size())
    return Tensor::from_bytes(DType::kU8, std::move(shape), elements);
  const bool more = !expected || static_cast<std::size_t>(*expected) > elements.size();
  return fail(more ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, kPlace,
              "found " + std::to_string(elements.size()) +
                  " elements behind the header, expected " + shape_text(shape));
}

}  // namespace cleave::data
