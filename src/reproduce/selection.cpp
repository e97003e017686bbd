#include "reproduce/selection.h"

#include <fmt/format.h>

#include <functional>

namespace cleave::reproduce {
namespace {

constexpr std::string_view kLinks = " over 3g, 4g, wifi";

std::string number(double value) { return fmt::format("{:.4g}", value); }

/// A text for each link.
std::string by_link(const Selection& selection,
                    const std::function<std::string(const Chosen&)>& text) {
  std::string all;
  for (const Chosen& link : selection.links) all += (all.empty() ? "" : ", ") + text(link);
  return all;
}

struct Told {
  std::string what;
  std::function<std::string(const Selection&)> of;
  bool of_choice = false;
};

Told number_by_link(std::string what, double Chosen::* member) {
  return {std::move(what), [member](const Selection& selection) {
            return by_link(selection,
                           [member](const Chosen& link) { return number(link.*member); });
          }};
}

Told place_by_link(std::string what, std::string Chosen::* member) {
  return {std::move(what),
          [member](const Selection& selection) {
            return by_link(selection, [member](const Chosen& link) { return link.*member; });
          },
          true};
}

std::vector<Told> all_told() {
  const std::string links(kLinks);
  return {{"mobile-only",
           [](const Selection& s) {
             return number(s.mobile_ms) + " ms, " + number(s.mobile_mj) + " mJ";
           }},
          number_by_link("cloud-only, ms," + links, &Chosen::cloud_ms),
          number_by_link("cloud-only, mJ," + links, &Chosen::cloud_mj),
          place_by_link("selected for latency" + links, &Chosen::fastest),
          place_by_link("selected for energy" + links, &Chosen::most_frugal),
          number_by_link("latency there, ms", &Chosen::ms),
          number_by_link("energy there, mJ", &Chosen::mj),
          number_by_link("sent there (latency), bytes", &Chosen::sent_bytes),
          {"latency, times less than cloud-only",
           [](const Selection& s) { return gains_text(latency_gains(s)); }},
          {"energy, times less than cloud-only",
           [](const Selection& s) { return gains_text(energy_gains(s)); }}};
}

std::array<double, 3> gains(const Selection& selection, double Chosen::* before,
                            double Chosen::* after) {
  std::array<double, 3> list{};
  for (std::size_t l = 0; l < list.size(); ++l)
    list[l] = selection.links[l].*before / (selection.links[l].*after);
  return list;
}

}  // namespace

Selection selection_of(const std::vector<Partitioned>& settings) {
  Selection selection;
  for (std::size_t l = 0; l < selection.links.size() && l < settings.size(); ++l) {
    const Partitioned& s = settings[l];
    const plan::Candidate& fastest = s.costs[s.fastest];
    const plan::Candidate& frugal = s.costs[s.most_frugal];
    selection.mobile_ms = s.mobile_only.latency_ms;
    selection.mobile_mj = s.mobile_only.energy_mj;
    selection.is_choice = s.partitions.size() > 1;
    selection.links[l] = {s.cloud_only.latency_ms,
                          s.cloud_only.energy_mj,
                          s.partitions[s.fastest].place,
                          s.partitions[s.most_frugal].place,
                          fastest.latency_ms,
                          frugal.energy_mj,
                          fastest.bytes_up};
  }
  return selection;
}

std::array<double, 3> latency_gains(const Selection& selection) {
  return gains(selection, &Chosen::cloud_ms, &Chosen::ms);
}
std::array<double, 3> energy_gains(const Selection& selection) {
  return gains(selection, &Chosen::cloud_mj, &Chosen::mj);
}

std::string gains_text(const std::array<double, 3>& gains) {
  const auto text = [](double gain) { return fmt::format("{:.{}f}", gain, gain < 20 ? 1 : 0); };
  const double mean = (gains[0] + gains[1] + gains[2]) / 3;
  return fmt::format("{}, {}, {}; mean {}", text(gains[0]), text(gains[1]), text(gains[2]),
                     text(mean));
}

std::vector<Claim> selection_claims(std::string_view table, const Selection& theirs,
                                    const Selection& modelled,
                                    const std::optional<Selection>& measured) {
  std::vector<Claim> claims;
  for (const Told& told : all_told()) {
    if (told.of_choice && !modelled.is_choice) continue;
    claims.push_back({fmt::format("{}: {}", table, told.what), told.of(theirs), told.of(modelled),
                      measured ? told.of(*measured) : "-"});
  }
  return claims;
}

}  // namespace cleave::reproduce
