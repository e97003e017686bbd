#include "units.h"

#include <fmt/format.h>

#include <array>

namespace cleave::app {
namespace {

std::string scaled(double value, std::string_view unit) {
  constexpr std::array<std::string_view, 5> kPrefixes{"", "k", "M", "G", "T"};
  std::size_t power = 0;
  while (value >= 1000 && power + 1 < kPrefixes.size()) {
    value /= 1000;
    ++power;
  }
  const std::string digits =
      power == 0 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
  const std::string suffix = fmt::format("{}{}", kPrefixes[power], unit);
  return suffix.empty() ? digits : digits + " " + suffix;
}

}  // namespace

std::string bytes_text(double bytes) { return scaled(bytes, "B"); }
std::string count_text(double count) { return scaled(count, ""); }

}  // namespace cleave::app
