#include "plan/strict_json.h"

#include <algorithm>
#include <string>

namespace cleave::plan {
namespace {

std::string joined(std::initializer_list<std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

bool among(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string shown(const Json& value) {
  constexpr std::size_t kMost = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

std::unexpected<Error> bad_problem(std::string message) {
  return fail(ErrorCode::kInvalidArgument, "plan.problem", std::move(message));
}

Result<void> expect_keys(const Json& object, std::string_view what,
                         std::initializer_list<std::string_view> required,
                         std::initializer_list<std::string_view> optional) {
  if (!object.is_object()) {
    return bad_problem(std::string(what) + " is " + object.type_name() + ", expected an object");
  }
  for (const auto& [key, value] : object.items()) {
    if (among(required, key) || among(optional, key)) continue;
    return bad_problem(std::string(what) + " has the unknown key " + shown(key) + ", expected " +
                       joined(required) + (optional.size() > 0 ? ", and perhaps " : "") +
                       joined(optional));
  }
  for (const std::string_view key : required) {
    if (!object.contains(key))
      return bad_problem(std::string(what) + " has no key '" + std::string(key) + "'");
  }
  return {};
}

Result<void> expect_format(const Json& object, std::string_view expected) {
  const Json& format = object.at("format");
  if (format.is_string() && format.get_ref<const std::string&>() == expected) return {};
  return bad_problem("format is " + shown(format) + ", expected \"" + std::string(expected) + "\"");
}

Result<double> number(const Json& value, std::string_view what) {
  if (value.is_number()) return value.get<double>();
  return bad_problem(std::string(what) + " is " + shown(value) + ", expected a number");
}

Result<const Json*> array(const Json& value, std::string_view what) {
  if (value.is_array()) return &value;
  return bad_problem(std::string(what) + " is " + value.type_name() + ", expected a list");
}

Result<std::vector<double>> numbers(const Json& list, std::string_view what) {
  std::vector<double> values;
  for (const Json& value : *CLEAVE_TRY(array(list, what)))
    values.push_back(CLEAVE_TRY(number(value, "an entry of " + std::string(what))));
  return values;
}

}  // namespace cleave::plan
