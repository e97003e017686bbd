#include "reproduce/shared_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "study/codec_costs.h"

namespace cleave::reproduce {
namespace {

constexpr int kFirstKBps = 200;
constexpr int kStepKBps = 100;
/// What is slower than this many times client-only leaves the figure.
constexpr double kTop = 2.5;
/// A cut that is not so much faster than client-only at the fastest rate does not count as one that
/// overtakes it: behind the last pooling, what is saved is less than the costs' noise.
constexpr double kWorthwhile = 0.05;
/// A byte a ms, so that a link's time is its bytes.
constexpr double kUnitMbps = 0.008;
constexpr double kFloatBytes = 4;

/// All costs of the cut are known.
Way way_of(const plan::Problem& problem, std::size_t cut, std::string name) {
  const auto c = plan::evaluate(problem, cut);
  return {std::move(name), c->latency_ms - problem.link.up_ms(c->bytes_up), c->bytes_up,
          c->terms.head_ms, c->interpolated};
}

/// Rates at which a figure has points.
std::vector<double> rates() {
  std::vector<double> list;
  for (int rate = kFirstKBps; rate <= kFastestKBps; rate += kStepKBps) list.push_back(rate);
  return list;
}

const Way* find_shared(const Ways& ways, std::string_view name) {
  const auto it = std::ranges::find(ways.shared, name, &Way::name);
  return it == ways.shared.end() ? nullptr : &*it;
}

/// The cut that overtakes client-only at the lowest rate, and that rate.
std::optional<std::pair<const Way*, double>> first_faster(const Ways& ways) {
  std::optional<std::pair<const Way*, double>> first;
  for (const Way& way : ways.shared) {
    if (way.ms(kFastestKBps) > (1 - kWorthwhile) * ways.client.fixed_ms) continue;
    const auto rate = faster_above(way, ways.client);
    if (rate && (!first || *rate < first->second)) first = {&way, *rate};
  }
  return first;
}

std::string rate_text(double kbps, bool interpolated) {
  if (kbps == 0) return "at no rate";
  return fmt::format("{}{:.0f} kB/s", interpolated ? "~" : "", kbps);
}

/// Above which rate a cut is faster than client-only.
std::string crossing(const Ways& ways, const Way* cut) {
  const auto rate = cut == nullptr ? std::nullopt : faster_above(*cut, ways.client);
  return rate ? rate_text(*rate, cut->interpolated) : "at no rate";
}

std::string best_crossing(const Ways& ways) {
  const auto first = first_faster(ways);
  if (!first) return "at no rate";
  return rate_text(first->second, first->first->interpolated) + " (" + first->first->name + ")";
}

/// Up to which rate client-only, or the best cut, is faster than sending the input.
std::string client_until(const Ways& ways, const Way& server) {
  const auto rate = faster_above(server, ways.client);
  return rate ? rate_text(*rate, false) : "at all rates";
}

std::string shared_until(const Ways& ways, const Way& server) {
  double until = 0;
  bool interpolated = false;
  for (const Way& way : ways.shared) {
    if (way.up_bytes >= server.up_bytes) continue;
    const auto rate = faster_above(server, way);
    if (!rate) return "at all rates";
    if (*rate > until) {
      until = *rate;
      interpolated = way.interpolated;
    }
  }
  return rate_text(until, interpolated);
}

/// The share of the device's time that lies before a cut where it crosses client-only at the
/// paper's rate, if it is the server's too: h of 160 ms, ping, transfer and 1 - h of 20 ms are 160
/// ms.
std::string implied_share(const Way& cut) {
  const double spare_ms = kPhoneMs - kServerMs - kPingMs - cut.up_bytes / kTheirCrossingKBps;
  return fmt::format("{:.0f}% for {:g} KB/s", 100 * spare_ms / (kPhoneMs - kServerMs),
                     kTheirCrossingKBps);
}

}  // namespace

std::optional<double> faster_above(const Way& one, const Way& other) {
  const double more_bytes = one.up_bytes - other.up_bytes;
  const double less_ms = other.fixed_ms - one.fixed_ms;
  if (less_ms < 0 || (less_ms == 0 && more_bytes >= 0)) return std::nullopt;
  if (more_bytes <= 0) return 0;
  return more_bytes / less_ms;
}

Ways ways_of(const Network& network, const Costs& costs, const Coding& coding,
             const std::string& pair) {
  const graph::Model& model = network.model;
  Link link;
  link.up_mbps = link.down_mbps = kUnitMbps;
  plan::Problem problem = thesis_problem(model, costs, link, 1);
  problem.link.rtt_ms = kPingMs;
  problem.answer_bytes = 0;
  Ways ways;
  ways.pair = pair;
  ways.client = way_of(problem, model.layers().size(), "client-only");
  for (const graph::Cut& cut : model.cuts()) {
    const auto index = static_cast<std::size_t>(cut.index);
    if (!coding.values.empty()) problem.codec[index] = study::cost_of_cut(cut, coding.values);
    if (plan::evaluate(problem, index))
      ways.shared.push_back(way_of(problem, index, model.layers()[index - 1].name));
  }
  ways.server.push_back(way_of(problem, 0, "server, 8 bits"));
  problem.codec.front()->payload_bytes *= kFloatBytes;
  ways.server.insert(ways.server.begin(), way_of(problem, 0, "server, 32 bits"));
  if (coding.jpeg) {
    problem.codec.front() = coding.jpeg;
    ways.server.push_back(way_of(problem, 0, "server, JPEG"));
  }
  return ways;
}

const Way& best_shared(const Ways& ways, double kbps) {
  return *std::ranges::min_element(ways.shared, {}, [=](const Way& way) { return way.ms(kbps); });
}

Figure rates_figure(const std::vector<Ways>& pairs) {
  Figure figure{"figure_2",
                "ResNet-34: total time over the upload's rate",
                "",
                Style::kLines,
                "upload, kB/s",
                "ms",
                static_cast<int>(pairs.size()),
                {}};
  for (const Ways& ways : pairs) {
    Panel panel{ways.pair, {}, {}, kTop * ways.client.fixed_ms};
    for (const double rate : rates()) panel.points.push_back(fmt::format("{:g}", rate));
    const auto add = [&](const std::string& title, const std::function<double(double)>& ms) {
      Series series{title, {}};
      for (const double rate : rates()) series.values.push_back(ms(rate));
      panel.series.push_back(std::move(series));
    };
    add("client", [&](double rate) { return ways.client.ms(rate); });
    for (const Way& way : ways.server) add(way.name, [&](double rate) { return way.ms(rate); });
    add("shared, best", [&](double rate) { return best_shared(ways, rate).ms(rate); });
    if (const Way* eighth = find_shared(ways, kEighthAdd))
      add("shared, 8th add", [=](double rate) { return eighth->ms(rate); });
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

std::string rates_csv(const std::vector<Ways>& pairs) {
  std::string csv = "pair,kB_per_s,way,cut,ms,bytes_up,interpolated\n";
  const auto add = [&](const Ways& ways, double rate, std::string_view name, const Way& way) {
    csv += fmt::format("{},{:g},{},{},{:.6g},{:.0f},{}\n", ways.pair, rate, csv_field(name),
                       csv_field(name == way.name ? "" : way.name), way.ms(rate), way.up_bytes,
                       way.interpolated ? "yes" : "no");
  };
  for (const Ways& ways : pairs)
    for (const double rate : rates()) {
      add(ways, rate, ways.client.name, ways.client);
      for (const Way& way : ways.server) add(ways, rate, way.name, way);
      add(ways, rate, "shared, best", best_shared(ways, rate));
      if (const Way* eighth = find_shared(ways, kEighthAdd))
        add(ways, rate, "shared, 8th add", *eighth);
    }
  return csv;
}

std::vector<Claim> rate_claims(const Ways& modelled, const Ways* measured) {
  std::vector<Claim> claims;
  const auto add = [&](std::string what, std::string theirs,
                       const std::function<std::string(const Ways&)>& of) {
    claims.push_back({std::move(what), std::move(theirs), of(modelled),
                      measured == nullptr ? "-" : of(*measured)});
  };
  add("one ResNet-34: device, server", fmt::format("{:g} ms, {:g} ms", kPhoneMs, kServerMs),
      [](const Ways& w) {
        return fmt::format("{:.0f} ms, {:.0f} ms", w.client.fixed_ms,
                           w.server.front().fixed_ms - kPingMs);
      });
  const std::string theirs = fmt::format("{:g} KB/s", kTheirCrossingKBps);
  add("shared beats client-only above, best cut", theirs, best_crossing);
  add("shared beats client-only above, 8th add", theirs,
      [](const Ways& w) { return crossing(w, find_shared(w, kEighthAdd)); });
  for (std::size_t i = 0; i < modelled.server.size(); ++i) {
    const auto of = [i](const auto& until) {
      return [i, until](const Ways& w) {
        return i < w.server.size() ? until(w, w.server[i]) : std::string("-");
      };
    };
    const std::string& name = modelled.server[i].name;
    const std::string all = fmt::format("all tested (to {:g})", kFastestKBps);
    add("client-only beats " + name + ", up to", all, of(client_until));
    add("shared, best cut, beats " + name + ", up to", all, of(shared_until));
  }
  const Way* eighth = find_shared(modelled, kEighthAdd);
  if (eighth == nullptr) return claims;
  add("share of the device's time before the 8th add", implied_share(*eighth),
      [](const Ways& w) -> std::string {
        const Way* way = find_shared(w, kEighthAdd);
        return way == nullptr ? "-" : fmt::format("{:.0f}%", 100 * way->head_ms / w.client.head_ms);
      });
  return claims;
}

}  // namespace cleave::reproduce
