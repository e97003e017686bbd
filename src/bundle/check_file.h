#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bundle/bundle.h"

namespace cleave::bundle {

/// The bytes of a check file: the four lists of a CheckVector, each a count (u32, little-endian)
/// and as many self-describing packets, each after its length (u32, little-endian).
/// docs/formats/bundle.md.
Result<std::string> make_check_file(const CheckVector& check);
/// Reads one; the bytes may be hostile.
Result<CheckVector> parse_check_file(std::span<const std::byte> bytes);

}  // namespace cleave::bundle
