#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cleave {

/// CRC-32C (Castagnoli, reflected, initial and final value all ones). Pass a former result to
/// continue it.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t former = 0);

/// SHA-256 (FIPS 180-4).
std::array<std::uint8_t, 32> sha256(std::span<const std::byte> bytes);
/// The same in lower-case hexadecimal.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace cleave
