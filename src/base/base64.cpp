#include "base/base64.h"

#include <algorithm>
#include <cstdint>

namespace cleave {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::unexpected<Error> corrupt(const std::string& found) {
  return fail(ErrorCode::kCorrupt, "base64", found + ", expected base64 in groups of four");
}

}  // namespace

std::string to_base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<std::uint32_t>(bytes[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return corrupt(std::to_string(text.size()) + " characters");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_padding = i >= text.size() - padding;
    const std::size_t digit = is_padding ? 0 : kDigits.find(text[i]);
    if (digit == std::string_view::npos)
      return corrupt("character " + std::to_string(i) + " is no digit");
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::byte>(group >> shift));
    group = 0;
  }
  // Bits behind the last byte are zero, so that every text stands for other bytes.
  for (std::size_t i = 0; i < padding; ++i) {
    if (bytes.back() != std::byte{0}) return corrupt("bits behind the last byte");
    bytes.pop_back();
  }
  return bytes;
}

}  // namespace cleave
