#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cleave {

/// RFC 4648 with padding, for bytes within JSON.
std::string to_base64(std::span<const std::byte> bytes);
/// The reverse; kCorrupt for any text that to_base64() does not make.
Result<Bytes> from_base64(std::string_view text);

}  // namespace cleave
