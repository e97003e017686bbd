#include "base/link.h"

#include <vector>

#include "base/spec.h"

namespace cleave {
namespace {

constexpr std::string_view kPlace = "link";

const Link* find_preset(std::string_view name) {
  for (const Link& link : link_presets())
    if (link.name == name) return &link;
  return nullptr;
}

std::vector<std::string> known_names(bool with_custom) {
  std::vector<std::string> names;
  for (const Link& link : link_presets()) names.push_back(link.name);
  if (with_custom) names.emplace_back("link:up=…,down=…,rtt=…");
  return names;
}

Result<void> read_tail(const Spec& spec, RadioPower& radio) {
  if (spec.has("tail_ms") != spec.has("tail_mw")) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "'" + spec.to_string() + "' has only one of tail_ms and tail_mw, expected both");
  }
  radio.tail_ms = CLEAVE_TRY(spec.number("tail_ms", radio.tail_ms));
  radio.tail_mw = CLEAVE_TRY(spec.number("tail_mw", radio.tail_mw));
  if (radio.tail_ms >= 0 && radio.tail_mw >= 0) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "'" + spec.to_string() + "' has a tail below 0, expected 0 or more ms and mW");
}

}  // namespace

const std::array<Link, 3>& link_presets() {
  // Rates and power: Eshratifar's thesis, table 2.3. Round trips: ours.
  static const std::array<Link, 3> kPresets{{
      {"3g", 1.1, 2.0275, 100, {868.98, 122.12, 817.88}},
      {"4g", 5.85, 13.76, 50, {438.39, 51.97, 1288.04}},
      {"wifi", 18.88, 54.97, 5, {283.17, 137.01, 132.86}},
  }};
  return kPresets;
}

Result<Link> parse_link(std::string_view text) {
  const Spec spec = CLEAVE_TRY(parse_spec(text));
  const Link* preset = find_preset(spec.name);
  if (!preset && spec.name != "link")
    return std::unexpected(unknown_name(kPlace, "link", spec.name, known_names(true)));
  CLEAVE_CHECK(spec.expect_keys({"up", "down", "rtt", "radio", "tail_ms", "tail_mw"}));
  Link link = preset ? *preset : Link{};
  if (!preset && !(spec.has("up") && spec.has("down"))) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "'" + std::string(text) + "' must say both up and down in Mbit/s");
  }
  if (!spec.settings.empty()) link.name = spec.to_string();
  link.up_mbps = CLEAVE_TRY(spec.number("up", link.up_mbps));
  link.down_mbps = CLEAVE_TRY(spec.number("down", link.down_mbps));
  link.rtt_ms = CLEAVE_TRY(spec.duration_ms("rtt", link.rtt_ms));
  if (link.up_mbps <= 0 || link.down_mbps <= 0) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "'" + std::string(text) + "' has a rate that is not above 0 Mbit/s");
  }
  if (spec.has("radio")) {
    const Link* radio = find_preset(spec.text("radio"));
    if (!radio)
      return std::unexpected(unknown_name(kPlace, "radio", spec.text("radio"), known_names(false)));
    link.radio = radio->radio;
  }
  CLEAVE_CHECK(read_tail(spec, link.radio));
  return link;
}

}  // namespace cleave
