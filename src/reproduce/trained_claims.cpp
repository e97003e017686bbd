#include "reproduce/trained_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <set>

#include "base/spec.h"
#include "base/stats.h"
#include "reproduce/trained.h"

namespace cleave::reproduce {
namespace {

/// What chapter 4 calls no loss: half a point is ours.
constexpr double kNoLossPoints = 0.5;
/// What may be lost where figure 4.6's two ways of training are set beside each other (ours).
constexpr double kComparedPoints = 5;

namespace fs = std::filesystem;

using Points = std::vector<TrainedPoint>;

bool in_loop(const TrainedPoint& p) { return p.training_codec == p.codec; }

Points in_loop_of(const Points& points) {
  Points list;
  std::ranges::copy_if(points, std::back_inserter(list), in_loop);
  return list;
}

bool loses_at_most(const TrainedPoint& p, double loss_points) {
  return is_at_most(p.loss_points(), loss_points);
}

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
    if (loses_at_most(p, loss_points) && (best == nullptr || smaller(p) < smaller(*best)))
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
    if (!loses_at_most(p, loss_points) || ratio <= largest) continue;
    largest = ratio;
    at = &p;
  }
  if (at == nullptr) return "-";
  return fmt::format("{:.1f}x ({}, {})", largest, cut_name(*at), at->unit_spec);
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

/// The quality that a picture codec of a point has; nothing where there is none.
std::optional<double> quality_of(const TrainedPoint& p) {
  const auto specs = parse_specs(p.codec);
  if (!specs) return std::nullopt;
  for (const Spec& spec : *specs) {
    if (!spec.has("q")) continue;
    const auto quality = spec.number("q", 0);
    if (quality && *quality >= 0) return *quality;
  }
  return std::nullopt;
}

/// One unit and one codec, which was in the loop of training and which was put in afterwards.
struct Both {
  const TrainedPoint* loop;
  const TrainedPoint* after;
  std::optional<double> quality;
};

std::vector<Both> both_of(const Points& cut) {
  std::vector<Both> list;
  for (const TrainedPoint& after : cut) {
    if (in_loop(after)) continue;
    const auto loop = std::ranges::find_if(cut, [&](const TrainedPoint& p) {
      return in_loop(p) && p.unit_spec == after.unit_spec && p.codec == after.codec;
    });
    if (loop != cut.end()) list.push_back({&*loop, &after, quality_of(after)});
  }
  return list;
}

/// Of the lowest quality at which little is lost in the loop, the first where several have it.
std::string lowest_quality_text(const std::vector<Both>& list) {
  const Both* lowest = nullptr;
  for (const Both& both : list) {
    if (!both.quality || !loses_at_most(*both.loop, kComparedPoints)) continue;
    if (lowest == nullptr || *both.quality < *lowest->quality) lowest = &both;
  }
  if (lowest == nullptr) return "none";
  const double loop = lowest->loop->loss_points();
  const double after = lowest->after->loss_points();
  return fmt::format("{:.1f} points at q={:g}: {:.1f} instead of {:.1f} ({})", after - loop,
                     *lowest->quality, loop, after, lowest->loop->unit_spec);
}

void add_figure_4_6(std::vector<Claim>& claims, const std::vector<Both>& list,
                    const std::string& at) {
  for (const Both& both : list)
    claims.push_back(measured_claim(
        "figure 4.6: lost without and with the codec in the loop" + at, "18, 0 points",
        fmt::format("{:.1f}, {:.1f} points ({}, {})", both.after->loss_points(),
                    both.loop->loss_points(), both.loop->unit_spec, both.loop->codec)));
  if (std::ranges::any_of(list, [](const Both& both) { return both.quality.has_value(); }))
    claims.push_back(measured_claim(
        "figure 4.6: lost less in the loop, at the lowest quality with at most 5 points lost" + at,
        "18 points at q=20", lowest_quality_text(list)));
}

/// The trained network of a name; null where there is none.
const Trained* trained_named(std::string_view name) {
  static constexpr std::array kAll{kResNet56, kResNet50v2, kSqueezeNet};
  for (const Trained& trained : kAll)
    if (fs::path(trained.file).stem().string() == name) return &trained;
  return nullptr;
}

/// Of one network; a value that it does not have is left out alone.
Result<void> count_network(ValueCounts& counts, Report& report, const fs::path& data,
                           const std::string& name, const std::set<std::string>& values,
                           engine::Engine& engine) {
  const Trained* trained = trained_named(name);
  if (trained == nullptr)
    return fail(ErrorCode::kNotFound, "reproduce.trained", "not one of the trained networks");
  const graph::Model model = CLEAVE_TRY(load_trained(data, *trained, engine));
  counts[{name, ""}] = known_bytes(model.inputs()) / sizeof(float);
  for (const std::string& value : values) {
    const auto cut = model.find_cut(value);
    if (cut)
      counts[{name, value}] = known_bytes((*cut)->values) / sizeof(float);
    else
      leave_out(report, fmt::format("the size of '{}' in {}", value, name), cut.error().message);
  }
  return {};
}

}  // namespace

Figure accuracy_figure(const std::vector<TrainedPoint>& butterflies) {
  Figure figure{"figure_3_7",
                "Accuracy over the channels of the code",
                "of the test set; of pictures held out where it was not scored",
                Style::kCurves,
                "channels",
                "accuracy, %",
                2,
                {}};
  for (const Points& cut : by_cut(butterflies)) {
    const auto other = [&](const TrainedPoint& p) { return p.channels != cut.front().channels; };
    if (std::ranges::none_of(cut, other)) continue;
    Panel panel{cut_name(cut.front()), {}, {}};
    panel.series = lines(
        cut,
        [](const TrainedPoint& p) { return p.codec + (in_loop(p) ? "" : ", put in afterwards"); },
        channels_of, [](const TrainedPoint& p) { return 100 * p.accuracy(); });
    const auto uncut = lines(
        cut, [](const TrainedPoint&) { return "uncut"; }, channels_of,
        [](const TrainedPoint& p) { return 100 * p.accuracy_of_uncut(); });
    panel.series.insert(panel.series.end(), uncut.begin(), uncut.end());
    figure.panels.push_back(std::move(panel));
  }
  return in_columns(std::move(figure));
}

Figure loss_figure(const std::vector<TrainedPoint>& bottlenecks) {
  Figure figure{"figure_4_6",
                "Accuracy lost over the bytes of a code",
                "of the test set; of pictures held out where it was not scored",
                Style::kCurves,
                "bytes",
                "points lost",
                2,
                {}};
  for (const Points& cut : by_cut(bottlenecks)) {
    Points pairs;
    for (const Both& both : both_of(cut)) {
      pairs.push_back(*both.loop);
      pairs.push_back(*both.after);
    }
    if (pairs.empty()) continue;
    const bool one_unit = std::ranges::all_of(
        pairs, [&](const TrainedPoint& p) { return p.unit_spec == pairs.front().unit_spec; });
    Panel panel{cut_name(cut.front()), {}, {}};
    panel.series = lines(
        pairs,
        [&](const TrainedPoint& p) {
          return (one_unit ? "" : p.unit_spec + ", ") +
                 (in_loop(p) ? "codec in the loop" : "codec afterwards");
        },
        [](const TrainedPoint& p) { return std::round(p.payload_bytes); },
        [](const TrainedPoint& p) { return p.loss_points(); });
    figure.panels.push_back(std::move(panel));
  }
  return in_columns(std::move(figure));
}

ValueCounts count_values(const fs::path& data, const std::vector<TrainedPoint>& points,
                         engine::Engine& engine, Report& report) {
  std::map<std::string, std::set<std::string>> networks;
  for (const TrainedPoint& p : points) networks[p.network].insert(p.value);
  ValueCounts counts;
  for (const auto& [name, values] : networks) {
    const auto counted = count_network(counts, report, data, name, values, engine);
    if (!counted) leave_out(report, "sizes in " + name, counted.error().message);
  }
  return counts;
}

std::vector<Claim> butterfly_claims(const std::vector<TrainedPoint>& butterflies,
                                    const ValueCounts& counts) {
  const Points loop = in_loop_of(butterflies);
  std::vector<Claim> claims;
  for (const Points& cut : by_cut(loop)) {
    const TrainedPoint* fewest = best_within(cut, kAcceptedPoints, channels_of);
    const auto least = std::ranges::min_element(cut, {}, &TrainedPoint::loss_points);
    claims.push_back(measured_claim(
        "figure 3.7: fewest channels, 2 points lost: " + cut_name(cut.front()),
        "1 (RB1) to 10 (RB16)",
        fewest != nullptr
            ? fmt::format("{} ({:.1f} points)", fewest->channels, fewest->loss_points())
            : fmt::format("none: {:.1f} points at {}", least->loss_points(), least->channels)));
  }
  claims.push_back(measured_claim(
      "3.3.4: a value's 8 bits over the code's bytes, 2 points lost", "256x",
      largest_ratio(loop, kAcceptedPoints,
                    [&](const TrainedPoint& p) { return count_of(counts, p, p.value); })));
  return claims;
}

std::vector<Claim> bottleneck_claims(const std::vector<TrainedPoint>& bottlenecks,
                                     const ValueCounts& counts) {
  std::vector<Claim> claims;
  for (const Points& cut : by_cut(bottlenecks)) {
    const Points loop = in_loop_of(cut);
    const std::string at = ": " + cut_name(cut.front());
    if (!loop.empty()) {
      claims.push_back(measured_claim("fewest bytes, 2 points lost" + at, "316 B (RB1)",
                                      smallest_text(loop, kAcceptedPoints)));
      claims.push_back(measured_claim("fewest bytes, half a point lost" + at, "1580 B (RB1)",
                                      smallest_text(loop, kNoLossPoints)));
    }
    add_figure_4_6(claims, both_of(cut), at);
  }
  claims.push_back(measured_claim(
      "4.3.4: a picture's 8 bits over the code's bytes, half a point lost", "95x (16.3x over JPEG)",
      largest_ratio(in_loop_of(bottlenecks), kNoLossPoints,
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
  const Figure figure = unit.figure(list);
  if (figure.panels.empty())
    leave_out(report, figure.name, "no cut of the trained points has anything to compare in it");
  else
    CLEAVE_CHECK(add_figure(report, options.out, figure));
  ValueCounts counts;
  if (!options.data.empty()) {
    counts = count_values(options.data, list, engine, report);
  } else {
    leave_out(report, "sizes of what was trained", "they need trained networks (CLEAVE_DATA)");
  }
  const std::vector<Claim> claims = unit.claims(list, counts);
  report.claims.insert(report.claims.end(), claims.begin(), claims.end());
  return {};
}

}  // namespace cleave::reproduce
