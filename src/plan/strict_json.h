#pragma once

// Reads JSON that people write by hand: what is not understood is an error, never passed over.
// Private to the module.
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace cleave::plan {

/// An object with exactly the keys `required` and none but those and `optional`.
Result<void> expect_keys(const Json& object, std::string_view what,
                         std::initializer_list<std::string_view> required,
                         std::initializer_list<std::string_view> optional);

/// The member `format`, which has to be `expected`.
Result<void> expect_format(const Json& object, std::string_view expected);

/// A number; whether it makes sense is for the problem's own check.
Result<double> number(const Json& value, std::string_view what);

Result<std::vector<double>> numbers(const Json& list, std::string_view what);

/// The array `value`.
Result<const Json*> array(const Json& value, std::string_view what);

/// The beginning of a value, on one line.
std::string shown(const Json& value);

/// An error of kInvalidArgument about the problem.
std::unexpected<Error> bad_problem(std::string message);

/// A whole number in the range of T.
template <class T = int>
Result<T> whole_number(const Json& value, std::string_view what) {
  if (json_fits<T>(value)) return value.get<T>();
  return bad_problem(std::string(what) + " is " + shown(value) + ", expected a whole number");
}

}  // namespace cleave::plan
