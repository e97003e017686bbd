#include "codec/nal_units.h"

#include <algorithm>
#include <array>

namespace cleave::codec {
namespace {

struct Type {
  int number;
  UnitRole role;
};

// ITU-T H.264, table 7-1: sequence and picture parameter set, slices, end of stream.
constexpr std::array<Type, 5> kH264Types{{{7, UnitRole::kParameters},
                                          {8, UnitRole::kParameters},
                                          {5, UnitRole::kKeySlice},
                                          {1, UnitRole::kSlice},
                                          {11, UnitRole::kEnd}}};
// ITU-T H.265, table 7-1: video, sequence and picture parameter set, IDR slices, trailing slices,
// end of bitstream.
constexpr std::array<Type, 8> kH265Types{{{32, UnitRole::kParameters},
                                          {33, UnitRole::kParameters},
                                          {34, UnitRole::kParameters},
                                          {19, UnitRole::kKeySlice},
                                          {20, UnitRole::kKeySlice},
                                          {0, UnitRole::kSlice},
                                          {1, UnitRole::kSlice},
                                          {37, UnitRole::kEnd}}};

constexpr std::array<std::uint8_t, 4> kH264End{0, 0, 1, 11};
constexpr std::array<std::uint8_t, 5> kH265End{0, 0, 1, 37 << 1, 1};

std::span<const Type> types_of(VideoFormat format) {
  if (format == VideoFormat::kH264) return kH264Types;
  return kH265Types;
}

Unit unit_of(VideoFormat format, std::span<const std::byte> bytes) {
  const int first = bytes.empty() ? 0 : std::to_integer<int>(bytes[0]);
  const int number = format == VideoFormat::kH264 ? first & 0x1f : first >> 1 & 0x3f;
  const auto types = types_of(format);
  const auto found = std::ranges::find(types, number, &Type::number);
  const bool known = found != types.end() && !bytes.empty();
  return {known ? found->role : UnitRole::kOther, number, bytes};
}

/// Where the next start code's three bytes begin, or the end.
std::size_t next_start(std::span<const std::byte> stream, std::size_t from) {
  constexpr std::array kStart{std::byte{0}, std::byte{0}, std::byte{1}};
  const auto rest = stream.subspan(from);
  return from + static_cast<std::size_t>(std::ranges::search(rest, kStart).begin() - rest.begin());
}

}  // namespace

std::vector<Unit> split_units(VideoFormat format, std::span<const std::byte> stream) {
  constexpr std::size_t kStartBytes = 3;
  std::vector<Unit> units;
  std::size_t at = next_start(stream, 0);
  if (std::ranges::any_of(stream.first(at), [](std::byte b) { return b != std::byte{0}; }))
    return units;
  while (at < stream.size()) {
    const std::size_t begin = at + kStartBytes;
    at = next_start(stream, begin);
    auto bytes = stream.subspan(begin, at - begin);
    while (!bytes.empty() && bytes.back() == std::byte{0}) bytes = bytes.first(bytes.size() - 1);
    units.push_back(unit_of(format, bytes));
  }
  return units;
}

void append_unit(const Unit& unit, Bytes& stream) {
  if (stream.empty() || unit.role == UnitRole::kParameters) stream.push_back(std::byte{0});
  for (const int b : {0, 0, 1}) stream.push_back(static_cast<std::byte>(b));
  stream.insert(stream.end(), unit.bytes.begin(), unit.bytes.end());
}

std::span<const std::byte> end_unit(VideoFormat format) {
  if (format == VideoFormat::kH264) return std::as_bytes(std::span(kH264End));
  return std::as_bytes(std::span(kH265End));
}

bool is_picture(VideoFormat format, std::span<const Unit> units, bool key) {
  if (key) {
    for (const Type& type : types_of(format)) {
      if (type.role != UnitRole::kParameters) continue;
      if (units.empty() || units.front().type != type.number) return false;
      units = units.subspan(1);
    }
  }
  const UnitRole wanted = key ? UnitRole::kKeySlice : UnitRole::kSlice;
  return !units.empty() &&
         std::ranges::all_of(units, [&](const Unit& unit) { return unit.role == wanted; });
}

}  // namespace cleave::codec
