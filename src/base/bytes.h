#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace cleave {

/// Owned bytes, where a Tensor's alignment is not needed.
using Bytes = std::vector<std::byte>;

/// Appends an unsigned integer, lowest byte first, on any machine.
template <class T>
void append_le(Bytes& out, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

/// Overwrites the bytes at `at` with an unsigned integer, lowest byte first; they must be there.
template <class T>
void store_le(std::span<std::byte> out, std::size_t at, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
}

/// Reads back what append_le() wrote at `at`; the bytes must be there.
template <class T>
T load_le(std::span<const std::byte> bytes, std::size_t at) {
  static_assert(std::is_unsigned_v<T>);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  }
  return static_cast<T>(value);
}

/// An unsigned integer whose highest byte stands first at `at`; the bytes must be there.
template <class T>
T load_be(std::span<const std::byte> bytes, std::size_t at) {
  static_assert(std::is_unsigned_v<T>);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = value << 8 | static_cast<std::uint64_t>(bytes[at + i]);
  return static_cast<T>(value);
}

}  // namespace cleave
