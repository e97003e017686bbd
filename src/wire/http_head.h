#pragma once

#include <string_view>

#include "base/result.h"

namespace cleave::wire {

/// Checks the lines of a request's head up to its blank line, and says whether a body follows.
/// kInvalidArgument for whatever two readers may understand differently, which lets a request hide
/// in another's body on its way past a proxy: lines without CRLF, names with blanks, a length that
/// is no number or stands twice, a length beside a transfer encoding, an encoding but "chunked".
Result<bool> promises_body(std::string_view head);

}  // namespace cleave::wire
