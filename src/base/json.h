#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace cleave {

/// JSON that keeps the order in which keys were written, so that files read as they were meant.
using Json = nlohmann::ordered_json;

/// Parses a whole text; an error names the place, the byte and what was wrong. Never throws.
/// Nesting deeper than 64 levels is refused, and objects of more than 512 members: keeping their
/// order makes reading them quadratic.
Result<Json> parse_json(std::string_view text, std::string_view place);

/// The text of a value, on one line or indented. Bytes that are not UTF-8, which names of files and
/// values may hold, become U+FFFD. Never throws.
std::string dump_json(const Json& json, int indent = -1);

/// Whether a value can be read as T without loss. The JSON library alone would cut fractions off,
/// wrap what is out of range and take true for 1.
template <class T>
bool json_fits(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_integral_v<T>) {
    return value.is_number_unsigned()  ? std::in_range<T>(value.get<std::uint64_t>())
           : value.is_number_integer() ? std::in_range<T>(value.get<std::int64_t>())
                                       : false;
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number();
  } else {
    return true;
  }
}

/// The member `key` of `object` as T; a missing member or a wrong type is an error that names both.
template <class T>
Result<T> json_get(const Json& object, const char* key, std::string_view place) {
  if (!object.is_object() || !object.contains(key)) {
    return fail(ErrorCode::kCorrupt, place, "member '" + std::string(key) + "' is missing");
  }
  const Json& member = object.at(key);
  const auto mistyped = [&] {
    return fail(ErrorCode::kCorrupt, place,
                "member '" + std::string(key) + "' is " + member.type_name() +
                    ", expected another type or range");
  };
  try {
    if (!json_fits<T>(member)) return mistyped();
    return member.get<T>();
  } catch (const Json::exception&) {
    return mistyped();
  }
}

/// The same, with a value for when the member is absent.
template <class T>
Result<T> json_get_or(const Json& object, const char* key, T fallback, std::string_view place) {
  if (object.is_object() && !object.contains(key)) return fallback;
  return json_get<T>(object, key, place);
}

}  // namespace cleave
