#include "reproduce/rate_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/spec.h"
#include "base/stats.h"

namespace cleave::reproduce {
namespace {

/// Where the figure ends: beyond it nobody wants to be.
constexpr double kShownPoints = 12;

using Points = std::vector<TrainedPoint>;

/// All points of a cut, and of the network's pictures.
struct Cut {
  std::string name;
  bool on_test = true;  ///< losses are of the test set
  Points points;

  std::string title() const { return name + (on_test ? ", test set" : ", held-out pictures"); }
  double loss(const TrainedPoint& p) const {
    return on_test ? *p.test_loss_points() : *p.heldout_loss_points();
  }
};

/// Has a unit and something to set beside it.
bool compares(const Points& points) {
  const auto is_unit = [](const TrainedPoint& p) { return p.has_unit(); };
  return std::ranges::any_of(points, is_unit) && !std::ranges::all_of(points, is_unit);
}

/// Those of the points of a cut that were scored on the test set; where these compare nothing, on
/// the pictures held out.
Points scored_alike(Cut& cut, const Points& all) {
  for (const bool on_test : {true, false}) {
    cut.on_test = on_test;
    Points points;
    std::ranges::copy_if(all, std::back_inserter(points), [&](const TrainedPoint& p) {
      return on_test ? p.test_loss_points().has_value() : p.heldout_accuracy.has_value();
    });
    if (compares(points)) return points;
  }
  return {};
}

std::vector<Cut> cuts_of(const Points& points) {
  Points crossing;
  std::ranges::copy_if(points, std::back_inserter(crossing),
                       [](const TrainedPoint& p) { return p.unit != kPictureUnit; });
  std::vector<Cut> cuts;
  for (Points& of : by_cut(crossing)) {
    Cut cut;
    cut.name = cut_name(of.front());
    const TrainedPoint first = of.front();
    std::ranges::copy_if(points, std::back_inserter(of), [&](const TrainedPoint& p) {
      return p.unit == kPictureUnit && p.network == first.network && p.data == first.data;
    });
    cut.points = scored_alike(cut, of);
    if (!cut.points.empty()) cuts.push_back(std::move(cut));
  }
  return cuts;
}

/// The codec that makes the bytes: zstd only packs what stands before it.
std::string coder_of(const TrainedPoint& p) {
  const auto specs = parse_specs(p.codec);
  if (!specs || specs->empty()) return p.codec;
  return specs->back().name == "zstd" ? specs->front().name : specs->back().name;
}

std::string line_name(const TrainedPoint& p) {
  if (p.has_unit()) return p.unit;
  return (p.unit == kPictureUnit ? "picture, " : "plain, ") + coder_of(p);
}

struct Line {
  std::string name;
  bool is_unit = false;
  bool is_picture = false;
  Points front;  ///< by rising bytes and falling loss
};

std::vector<Line> lines_of(const Cut& cut) {
  Points rising = cut.points;
  std::ranges::stable_sort(rising, {}, &TrainedPoint::payload_bytes);
  std::vector<Line> lines;
  for (const TrainedPoint& p : rising) {
    auto line = std::ranges::find(lines, line_name(p), &Line::name);
    if (line == lines.end())
      line =
          lines.insert(lines.end(), Line{line_name(p), p.has_unit(), p.unit == kPictureUnit, {}});
    if (line->front.empty() || cut.loss(p) < cut.loss(line->front.back())) line->front.push_back(p);
  }
  return lines;
}

/// The fewest bytes at which a line loses 2 points.
struct Within {
  const Line* line = nullptr;
  double bytes = 0;
  bool is_between = false;  ///< two settings of a codec
};

std::optional<Within> within(const Cut& cut, const Line& line) {
  const auto first = std::ranges::find_if(
      line.front, [&](const TrainedPoint& p) { return is_at_most(cut.loss(p), kAcceptedPoints); });
  if (first == line.front.end()) return std::nullopt;
  if (line.is_unit || first == line.front.begin())
    return Within{&line, first->payload_bytes, false};
  const TrainedPoint& before = *std::prev(first);
  const double share = (cut.loss(before) - kAcceptedPoints) / (cut.loss(before) - cut.loss(*first));
  return Within{&line,
                before.payload_bytes * std::pow(first->payload_bytes / before.payload_bytes, share),
                true};
}

std::string text_of(const Within& found) {
  return fmt::format("{}: {}{:.0f} B", found.line->name, found.is_between ? "~" : "", found.bytes);
}

/// How many times fewer bytes the best unit takes than the best of `others`.
std::string ratio_text(const std::vector<Within>& units, const std::vector<Within>& others) {
  if (units.empty() || others.empty()) return "-";
  const auto best = [](const std::vector<Within>& list) {
    return *std::ranges::min_element(list, {}, &Within::bytes);
  };
  return fmt::format("{:.1f}x ({}; {})", best(others).bytes / best(units).bytes,
                     text_of(best(units)), text_of(best(others)));
}

void add_claims(const Cut& cut, std::vector<Claim>& claims) {
  const std::vector<Line> lines = lines_of(cut);
  std::vector<Within> units, plain, pictures;
  std::string all;
  for (const Line& line : lines) {
    const auto found = within(cut, line);
    all += (all.empty() ? "" : ", ") + (found ? text_of(*found) : line.name + ": none");
    if (found) (line.is_unit ? units : line.is_picture ? pictures : plain).push_back(*found);
  }
  const auto add = [&](std::string_view what, std::string measured) {
    claims.push_back({fmt::format("{}: {}", what, cut.title()), "-", "-", std::move(measured)});
  };
  add("fewest bytes, 2 points lost, ~ between two settings", all);
  add("2 points lost, unit's bytes fewer than the plain value's by the best codec tried",
      ratio_text(units, plain));
  add("2 points lost, unit's bytes fewer than the picture's by the best codec tried",
      ratio_text(units, pictures));
}

}  // namespace

Figure rate_accuracy_figure(const std::vector<TrainedPoint>& points) {
  Figure figure{"rate_accuracy",
                "Accuracy lost over the bytes that cross",
                "trained units; codecs of the plain value and of the picture, without training",
                Style::kCurves,
                "bytes",
                "points lost",
                2,
                {}};
  for (const Cut& cut : cuts_of(points)) {
    Panel panel{cut.title(), {}, {}, kShownPoints};
    for (const Line& line : lines_of(cut)) {
      Series series{line.name, {}, {}};
      for (const TrainedPoint& p : line.front) {
        series.at.push_back(p.payload_bytes);
        series.values.push_back(cut.loss(p));
      }
      panel.series.push_back(std::move(series));
    }
    figure.panels.push_back(std::move(panel));
  }
  return in_columns(std::move(figure));
}

std::vector<Claim> rate_accuracy_claims(const std::vector<TrainedPoint>& points) {
  std::vector<Claim> claims;
  for (const Cut& cut : cuts_of(points)) add_claims(cut, claims);
  return claims;
}

Result<void> add_rate_accuracy(Report& report, const UnitOptions& options,
                               const std::vector<TrainedPoint>& points) {
  Figure figure = rate_accuracy_figure(points);
  if (figure.panels.empty()) {
    leave_out(report, "accuracy over bytes, units beside codecs",
              "it needs trained points with and without a unit at one cut (--trained)");
    return {};
  }
  CLEAVE_CHECK(add_figure(report, options.out, figure));
  const std::vector<Claim> claims = rate_accuracy_claims(points);
  report.claims.insert(report.claims.end(), claims.begin(), claims.end());
  return {};
}

}  // namespace cleave::reproduce
