#include "reproduce/trained_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "reproduce/trained.h"

namespace cleave::reproduce {
namespace {

/// What chapter 3 accepts (3.3.2), and what chapter 4 calls no loss: half a point is ours.
constexpr double kAcceptedPoints = 2;
constexpr double kNoLossPoints = 0.5;

using Points = std::vector<TrainedPoint>;

/// The points of each cut, cuts in the order of their first point.
std::vector<Points> by_cut(const Points& points) {
  std::vector<Points> cuts;
  for (const TrainedPoint& p : points) {
    const auto cut = std::ranges::find_if(cuts, [&](const Points& of) {
      return of.front().network == p.network && of.front().value == p.value;
    });
    if (cut != cuts.end())
      cut->push_back(p);
    else
      cuts.push_back({p});
  }
  return cuts;
}

std::string cut_name(const TrainedPoint& p) { return p.network + ", " + p.value; }

bool in_loop(const TrainedPoint& p) { return p.training_codec == p.codec; }

/// A line through the points that `title` puts under one name, along `at`.
std::vector<Series> lines(const Points& points,
                          const std::function<std::string(const TrainedPoint&)>& title,
                          const std::function<double(const TrainedPoint&)>& at,
                          const std::function<double(const TrainedPoint&)>& value) {
  Points ascending = points;
  std::ranges::stable_sort(ascending, {}, at);
  std::vector<Series> list;
  for (const TrainedPoint& p : ascending) {
    auto series = std::ranges::find(list, title(p), &Series::title);
    if (series == list.end()) series = list.insert(list.end(), Series{title(p), {}});
    series->at.push_back(at(p));
    series->values.push_back(value(p));
  }
  return list;
}

/// The point within a loss that `smaller` puts first; null where there is none.
const TrainedPoint* best_within(const Points& points, double loss_points,
                                const std::function<double(const TrainedPoint&)>& smaller) {
  const TrainedPoint* best = nullptr;
  for (const TrainedPoint& p : points)
    if (p.loss_points() <= loss_points && (best == nullptr || smaller(p) < smaller(*best)))
      best = &p;
  return best;
}

double channels_of(const TrainedPoint& p) { return p.channels; }
double bytes_of(const TrainedPoint& p) { return p.payload_bytes; }

/// Of all points within a loss the largest count over bytes; "-" where nothing is known.
std::string largest_ratio(const Points& points, double loss_points,
                          const std::function<double(const TrainedPoint&)>& count) {
  double largest = 0;
  const TrainedPoint* at = nullptr;
  for (const TrainedPoint& p : points) {
    const double ratio = count(p) / p.payload_bytes;
    if (p.loss_points() > loss_points || ratio <= largest) continue;
    largest = ratio;
    at = &p;
  }
  return at == nullptr ? "-" : fmt::format("{:.1f}x ({}, {})", largest, at->value, at->unit_spec);
}

double count_of(const ValueCounts& counts, const TrainedPoint& p, const std::string& value) {
  const auto it = counts.find({p.network, value});
  return it == counts.end() ? 0 : it->second;
}

Claim measured_claim(std::string what, std::string theirs, std::string measured) {
  return {std::move(what), std::move(theirs), "-", std::move(measured)};
}

std::string loss_text(const TrainedPoint& p) {
  return fmt::format("{:.1f} points at {:.0f} B ({})", p.loss_points(), p.payload_bytes,
                     p.unit_spec);
}

/// The claim for the best point within a loss, or the best there is.
std::string smallest_text(const Points& points, double loss_points) {
  if (const TrainedPoint* best = best_within(points, loss_points, bytes_of))
    return fmt::format("{:.0f} B ({})", best->payload_bytes, best->unit_spec);
  const auto least = std::ranges::min_element(points, {}, &TrainedPoint::loss_points);
  return "none: at least " + loss_text(*least);
}

}  // namespace

Figure accuracy_figure(const std::vector<TrainedPoint>& butterflies) {
  Figure figure{"figure_3_7",
                "Accuracy over the channels of the code",
                "held-out pictures",
                Style::kCurves,
                "channels",
                "accuracy, %",
                2,
                {}};
  for (const Points& cut : by_cut(butterflies)) {
    Panel panel{cut_name(cut.front()), {}, {}};
    panel.series = lines(
        cut, [](const TrainedPoint& p) { return p.codec; }, channels_of,
        [](const TrainedPoint& p) { return 100 * p.heldout_accuracy; });
    const auto uncut = lines(
        cut, [](const TrainedPoint&) { return "uncut"; }, channels_of,
        [](const TrainedPoint& p) { return 100 * p.uncut_accuracy; });
    panel.series.insert(panel.series.end(), uncut.begin(), uncut.end());
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Figure loss_figure(const std::vector<TrainedPoint>& bottlenecks) {
  Figure figure{"figure_4_6",
                "Accuracy lost over the bytes of a code",
                "held-out pictures",
                Style::kCurves,
                "bytes",
                "points lost",
                2,
                {}};
  for (const Points& cut : by_cut(bottlenecks)) {
    Panel panel{cut_name(cut.front()), {}, {}};
    panel.series = lines(
        cut,
        [](const TrainedPoint& p) { return in_loop(p) ? "codec in the loop" : "codec afterwards"; },
        bytes_of, [](const TrainedPoint& p) { return p.loss_points(); });
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Result<ValueCounts> count_values(const std::filesystem::path& data,
                                 const std::vector<TrainedPoint>& points, engine::Engine& engine) {
  ValueCounts counts;
  for (const Trained& trained : {kResNet56, kResNet50v2, kSqueezeNet}) {
    const std::string name = std::filesystem::path(trained.file).stem().string();
    if (std::ranges::find(points, name, &TrainedPoint::network) == points.end()) continue;
    const graph::Model model = CLEAVE_TRY(load_trained(data, trained, engine));
    counts[{name, ""}] = known_bytes(model.inputs()) / sizeof(float);
    for (const TrainedPoint& p : points) {
      if (p.network != name) continue;
      const graph::Cut* cut = CLEAVE_TRY(model.find_cut(p.value));
      counts[{name, p.value}] = known_bytes(cut->values) / sizeof(float);
    }
  }
  return counts;
}

std::vector<Claim> butterfly_claims(const std::vector<TrainedPoint>& butterflies,
                                    const ValueCounts& counts) {
  std::vector<Claim> claims;
  for (const Points& cut : by_cut(butterflies)) {
    const TrainedPoint* fewest = best_within(cut, kAcceptedPoints, channels_of);
    const auto least = std::ranges::min_element(cut, {}, &TrainedPoint::loss_points);
    claims.push_back(measured_claim(
        "figure 3.7: fewest channels, 2 points lost: " + cut.front().value, "1 (RB1) to 10 (RB16)",
        fewest != nullptr
            ? fmt::format("{} ({:.1f} points)", fewest->channels, fewest->loss_points())
            : fmt::format("none: {:.1f} points at {}", least->loss_points(), least->channels)));
  }
  claims.push_back(measured_claim(
      "3.3.4: a value's 8 bits over the code's bytes, 2 points lost", "256x",
      largest_ratio(butterflies, kAcceptedPoints,
                    [&](const TrainedPoint& p) { return count_of(counts, p, p.value); })));
  return claims;
}

std::vector<Claim> bottleneck_claims(const std::vector<TrainedPoint>& bottlenecks,
                                     const ValueCounts& counts) {
  std::vector<Claim> claims;
  for (const Points& cut : by_cut(bottlenecks)) {
    Points loop;
    Points after;
    for (const TrainedPoint& p : cut) (in_loop(p) ? loop : after).push_back(p);
    const std::string at = ": " + cut.front().value;
    if (!loop.empty()) {
      claims.push_back(measured_claim("fewest bytes, 2 points lost" + at, "316 B (RB1)",
                                      smallest_text(loop, kAcceptedPoints)));
      claims.push_back(measured_claim("fewest bytes, nothing lost" + at, "1580 B (RB1)",
                                      smallest_text(loop, kNoLossPoints)));
    }
    for (const TrainedPoint& naive : after) {
      const auto aware = std::ranges::find_if(loop, [&](const TrainedPoint& p) {
        return p.unit_spec == naive.unit_spec && p.codec == naive.codec;
      });
      if (aware == loop.end()) continue;
      claims.push_back(measured_claim(
          "figure 4.6: lost without and with the codec in the loop" + at, "18, 0 points",
          fmt::format("{:.1f}, {:.1f} points ({}, {})", naive.loss_points(), aware->loss_points(),
                      naive.unit_spec, naive.codec)));
    }
  }
  claims.push_back(measured_claim(
      "4.3.4: a picture's 8 bits over the code's bytes, nothing lost", "95x (16.3x over JPEG)",
      largest_ratio(bottlenecks, kNoLossPoints,
                    [&](const TrainedPoint& p) { return count_of(counts, p, ""); })));
  return claims;
}

Result<void> add_trained(Report& report, const UnitOptions& options, const TrainedUnit& unit,
                         const std::vector<TrainedPoint>& points, engine::Engine& engine) {
  Points list;
  std::ranges::copy_if(points, std::back_inserter(list),
                       [&](const TrainedPoint& p) { return p.unit == unit.name; });
  if (list.empty()) {
    leave_out(report, std::string(unit.shows),
              options.trained.empty()
                  ? "they need trained points (--trained)"
                  : fmt::format("the trained points have no {} unit", unit.name));
    return {};
  }
  CLEAVE_CHECK(add_figure(report, options.out, unit.figure(list)));
  ValueCounts counts;
  if (!options.data.empty()) {
    const auto counted = count_values(options.data, list, engine);
    if (counted) counts = *counted;
    if (!counted) leave_out(report, "sizes of what was trained", counted.error().message);
  } else {
    leave_out(report, "sizes of what was trained", "they need trained networks (CLEAVE_DATA)");
  }
  const std::vector<Claim> claims = unit.claims(list, counts);
  report.claims.insert(report.claims.end(), claims.begin(), claims.end());
  return {};
}

}  // namespace cleave::reproduce
