#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cleave {

/// One stage of a spec string: a name and its settings, in the order they were written.
/// "quant:bits=4,range=sigma3" is {name "quant", {"bits","4"}, {"range","sigma3"}}.
struct Spec {
  std::string name;
  std::vector<std::pair<std::string, std::string>> settings;

  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// The value of a key, or `fallback` where it is not set.
  std::string text(std::string_view key, std::string_view fallback = "") const;
  /// The value as a number; an error names the key, what stands there and that a number was
  /// expected.
  Result<double> number(std::string_view key, double fallback) const;
  /// The value as a whole number in [low, high].
  Result<int> integer(std::string_view key, int fallback, int low, int high) const;
  /// The value as a duration in ms: "50ms", "1.5s", or a bare number of ms.
  Result<double> duration_ms(std::string_view key, double fallback) const;
  /// Fails, listing the known keys, when a key outside `known` is set.
  Result<void> expect_keys(std::initializer_list<std::string_view> known) const;
  /// The canonical spelling: what parse_specs() reads back to an equal Spec.
  std::string to_string() const;
  bool operator==(const Spec&) const = default;

 private:
  const std::string* find(std::string_view key) const;
};

/// A whole text as a number; nothing where it is none, has more behind it, or does not fit.
/// Floating ones may be "inf" and "nan".
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The parts of `text` between the separators; an empty text is one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Parses "a:k=v,k=v|b|c:k=v". Names and keys are lower-case letters, digits, '_', '-' and '.'.
/// A value ends at ',' or '|'. Empty stages, doubled keys and stray characters are errors.
Result<std::vector<Spec>> parse_specs(std::string_view text);
/// The same where exactly one stage makes sense.
Result<Spec> parse_spec(std::string_view text);
std::string specs_to_string(const std::vector<Spec>& specs);

/// Reads "50ms", "5s", "20min", "2h" or a bare number of milliseconds.
Result<double> parse_duration_ms(std::string_view text);

/// Reads "64MB", "1.5GB", "512MiB" or a bare number of bytes, as bytes: kB (or KB), MB, GB, TB are
/// powers of 1000, KiB, MiB, GiB and TiB of 1024. At most 10^18 bytes; parts of a byte are cut off.
Result<std::int64_t> parse_size_bytes(std::string_view text);

/// Reads "1%" or "0.01", a part of a whole: above 0 and below 1.
Result<double> parse_share(std::string_view text);

/// The error for an unknown name of any kind: "unknown codec 'x', expected one of raw, f16".
Error unknown_name(std::string_view place, std::string_view kind, std::string_view found,
                   const std::vector<std::string>& known);

}  // namespace cleave
