#pragma once

// What every reader of a JSON format has to hold to, on any bytes.
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/json.h"

namespace cleave {

/// What `read` makes of the bytes. One that is accepted goes round through `write`, another gets an
/// error that says something.
template <class Read, class Write>
auto read_and_write(const std::uint8_t* data, std::size_t size, Read&& read, Write&& write)
    -> std::optional<typename decltype(read(Json()))::value_type> {
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return std::nullopt;
  auto value = read(*json);
  if (!value) {
    if (value.error().message.empty()) std::abort();
    return std::nullopt;
  }
  const Json written = write(*value);
  const auto again = read(written);
  if (!again || write(*again) != written) std::abort();
  return *std::move(value);
}

}  // namespace cleave
