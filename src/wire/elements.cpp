#include "wire/elements.h"

#include <fmt/format.h>

#include "wire/types.h"

namespace cleave::wire {
namespace {

constexpr std::size_t kLengthBytes = 4;

}  // namespace

std::string pack_elements(std::span<const std::string> elements) {
  std::size_t total = 0;
  for (const std::string& element : elements) total += kLengthBytes + element.size();
  std::string packed;
  packed.reserve(total);
  for (const std::string& element : elements) {
    const auto length = static_cast<std::uint32_t>(element.size());
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      packed.push_back(static_cast<char>(length >> (8 * i)));
    }
    packed += element;
  }
  return packed;
}

Result<std::vector<std::string>> unpack_elements(std::string_view packed, std::int64_t count,
                                                 std::string_view place) {
  if (std::cmp_greater(count, packed.size() / kLengthBytes)) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("{} bytes cannot hold {} elements", packed.size(), count));
  }
  std::vector<std::string> elements;
  elements.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    if (packed.size() < kLengthBytes) {
      return fail(ErrorCode::kInvalidArgument, place,
                  fmt::format("data end before element {} of {}", i, count));
    }
    std::uint32_t length = 0;
    for (std::size_t j = 0; j < kLengthBytes; ++j) {
      length |= static_cast<std::uint32_t>(static_cast<unsigned char>(packed[j])) << (8 * j);
    }
    packed.remove_prefix(kLengthBytes);
    if (packed.size() < length) {
      return fail(
          ErrorCode::kInvalidArgument, place,
          fmt::format("element {} promises {} bytes, {} are left", i, length, packed.size()));
    }
    elements.emplace_back(packed.substr(0, length));
    packed.remove_prefix(length);
  }
  if (!packed.empty()) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("{} bytes are left after {} elements", packed.size(), count));
  }
  return elements;
}

Result<std::int64_t> count_of(const Shape& shape, std::string_view place) {
  if (shape.size() > kMaxRank) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("has {} dimensions, at most {} are allowed", shape.size(), kMaxRank));
  }
  if (const auto count = element_count(shape)) return *count;
  return fail(ErrorCode::kInvalidArgument, place,
              fmt::format("has the shape {}, expected known dimensions whose product fits 63 bits",
                          shape_text(shape)));
}

std::string config_type_name(std::string_view datatype) {
  return "TYPE_" + std::string(datatype == kBytes ? "STRING" : datatype);
}

}  // namespace cleave::wire
