#include "base/spec.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace cleave {
namespace {

constexpr std::string_view kPlace = "spec";

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : ", ") + w;
  return text;
}

std::optional<double> finite_number(std::string_view text) {
  const auto value = parse_number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

Result<void> check_name(std::string_view name, std::string_view whole) {
  if (!name.empty() && std::ranges::all_of(name, is_name_char)) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "'" + std::string(name) + "' in '" + std::string(whole) +
                  "' is not a name, expected lower-case letters, digits, '_', '-' or '.'");
}

Result<Spec> parse_stage(std::string_view stage, std::string_view whole) {
  Spec spec;
  const std::size_t colon = stage.find(':');
  spec.name = stage.substr(0, colon);
  CLEAVE_CHECK(check_name(spec.name, whole));
  if (colon == std::string_view::npos) return spec;
  for (std::string_view setting : split(stage.substr(colon + 1), ',')) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "'" + std::string(setting) + "' in '" + std::string(whole) +
                      "' is not of the form key=value");
    }
    const std::string key(setting.substr(0, equals));
    CLEAVE_CHECK(check_name(key, whole));
    if (spec.has(key)) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "'" + key + "' is set twice in '" + std::string(whole) + "'");
    }
    spec.settings.emplace_back(key, setting.substr(equals + 1));
  }
  return spec;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

const std::string* Spec::find(std::string_view key) const {
  const auto it = std::ranges::find(settings, key, &std::pair<std::string, std::string>::first);
  return it == settings.end() ? nullptr : &it->second;
}

std::string Spec::text(std::string_view key, std::string_view fallback) const {
  const std::string* value = find(key);
  return value ? *value : std::string(fallback);
}

Result<double> Spec::number(std::string_view key, double fallback) const {
  const std::string* value = find(key);
  if (!value) return fallback;
  if (const auto number = finite_number(*value)) return *number;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              name + ": " + std::string(key) + " is '" + *value + "', expected a number");
}

Result<int> Spec::integer(std::string_view key, int fallback, int low, int high) const {
  const double value = CLEAVE_TRY(number(key, fallback));
  if (value == std::floor(value) && value >= low && value <= high) return static_cast<int>(value);
  return fail(ErrorCode::kInvalidArgument, kPlace,
              name + ": " + std::string(key) + " is " + text(key) +
                  ", expected a whole number from " + std::to_string(low) + " to " +
                  std::to_string(high));
}

Result<double> Spec::duration_ms(std::string_view key, double fallback) const {
  const std::string* value = find(key);
  if (!value) return fallback;
  return parse_duration_ms(*value);
}

Result<void> Spec::expect_keys(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : settings) {
    if (std::ranges::find(known, key) == known.end()) {
      return std::unexpected(
          unknown_name(kPlace, "key of " + name, key, {known.begin(), known.end()}));
    }
  }
  return {};
}

std::string Spec::to_string() const {
  std::string text = name;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    text += (i == 0 ? ":" : ",") + settings[i].first + "=" + settings[i].second;
  }
  return text;
}

Result<std::vector<Spec>> parse_specs(std::string_view text) {
  std::vector<Spec> specs;
  for (std::string_view stage : split(text, '|'))
    specs.push_back(CLEAVE_TRY(parse_stage(stage, text)));
  return specs;
}

Result<Spec> parse_spec(std::string_view text) {
  std::vector<Spec> specs = CLEAVE_TRY(parse_specs(text));
  if (specs.size() == 1) return std::move(specs.front());
  return fail(
      ErrorCode::kInvalidArgument, kPlace,
      "'" + std::string(text) + "' has " + std::to_string(specs.size()) + " stages, expected one");
}

std::string specs_to_string(const std::vector<Spec>& specs) {
  std::string text;
  for (const Spec& spec : specs) text += (text.empty() ? "" : "|") + spec.to_string();
  return text;
}

Result<double> parse_duration_ms(std::string_view text) {
  // "ms" before "s", which it ends with.
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
      {{"ms", 1}, {"min", 60e3}, {"s", 1e3}, {"h", 3600e3}}};
  std::string_view digits = text;
  double unit_ms = 1;
  const auto unit =
      std::ranges::find_if(kUnits, [&](const auto& known) { return text.ends_with(known.first); });
  if (unit != kUnits.end()) {
    digits.remove_suffix(unit->first.size());
    unit_ms = unit->second;
  }
  const auto number = finite_number(digits);
  if (number && *number >= 0) return *number * unit_ms;
  return fail(
      ErrorCode::kInvalidArgument, kPlace,
      "'" + std::string(text) + "' is not a duration, expected one such as 50ms, 1.5s, 2h or 50");
}

Result<std::int64_t> parse_size_bytes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 10> kUnits{{{"KiB", 0x1p10},
                                                                        {"MiB", 0x1p20},
                                                                        {"GiB", 0x1p30},
                                                                        {"TiB", 0x1p40},
                                                                        {"kB", 1e3},
                                                                        {"KB", 1e3},
                                                                        {"MB", 1e6},
                                                                        {"GB", 1e9},
                                                                        {"TB", 1e12},
                                                                        {"B", 1}}};
  constexpr double kMostBytes = 1e18;
  const auto unit = std::ranges::find_if(
      kUnits, [&](const auto& candidate) { return text.ends_with(candidate.first); });
  const bool bare = unit == kUnits.end();
  const auto number = finite_number(text.substr(0, text.size() - (bare ? 0 : unit->first.size())));
  const double bytes = number.value_or(-1) * (bare ? 1 : unit->second);
  if (bytes >= 0 && bytes <= kMostBytes) return static_cast<std::int64_t>(bytes);
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "'" + std::string(text) +
                  "' is not a size, expected one such as 64MB, 1.5GB, 512MiB or 1000000");
}

Result<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  const auto number = finite_number(percent ? text.substr(0, text.size() - 1) : text);
  const double share = number.value_or(-1) / (percent ? 100 : 1);
  if (share > 0 && share < 1) return share;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "'" + std::string(text) + "' is not a share, expected one such as 1% or 0.01");
}

Error unknown_name(std::string_view place, std::string_view kind, std::string_view found,
                   const std::vector<std::string>& known) {
  return Error{ErrorCode::kInvalidArgument, std::string(place),
               "unknown " + std::string(kind) + " '" + std::string(found) + "', expected one of " +
                   join(known)};
}

}  // namespace cleave
