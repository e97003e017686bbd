#include "reproduce/rate_accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/spec.h"

namespace cleave::reproduce {
namespace {

/// What chapters 3 and 4 accept.
constexpr double kAcceptedPoints = 2;
/// So that a loss of just so many points, as a difference of two shares, is not above them.
constexpr double kTolerance = 1e-9;
/// Where the figure ends: beyond it nobody wants to be.
constexpr double kShownPoints = 12;

using Points = std::vector<TrainedPoint>;

/// All points of a cut, and of the network's pictures.
struct Cut {
  std::string name;
  bool on_test = true;  ///< losses are of the test set
  Points points;

  double loss(const TrainedPoint& p) const {
    return on_test ? *p.test_loss_points() : p.loss_points();
  }
};

std::vector<Cut> cuts_of(const Points& points) {
  Points crossing;
  std::ranges::copy_if(points, std::back_inserter(crossing),
                       [](const TrainedPoint& p) { return p.unit != kPictureUnit; });
  std::vector<Cut> cuts;
  for (Points& of : by_cut(crossing)) {
    Cut cut{.name = cut_name(of.front()), .points = std::move(of)};
    const TrainedPoint first = cut.points.front();
    std::ranges::copy_if(points, std::back_inserter(cut.points), [&](const TrainedPoint& p) {
      return p.unit == kPictureUnit && p.network == first.network && p.data == first.data;
    });
    cut.on_test = std::ranges::all_of(
        cut.points, [](const TrainedPoint& p) { return p.test_loss_points().has_value(); });
    if (!cut.on_test)
      std::erase_if(cut.points, [](const TrainedPoint& p) { return !p.heldout_accuracy; });
    const auto is_unit = [](const TrainedPoint& p) { return p.has_unit(); };
    if (std::ranges::any_of(cut.points, is_unit) && !std::ranges::all_of(cut.points, is_unit))
      cuts.push_back(std::move(cut));
  }
  return cuts;
}

/// The codec that makes the bytes: zstd, arith and their like only pack what stands before them.
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
std::optional<double> bytes_within(const Cut& cut, const Line& line) {
  const auto within = std::ranges::find_if(line.front, [&](const TrainedPoint& p) {
    return cut.loss(p) <= kAcceptedPoints + kTolerance;
  });
  if (within == line.front.end()) return std::nullopt;
  if (line.is_unit || within == line.front.begin()) return within->payload_bytes;
  const TrainedPoint& before = *std::prev(within);
  const double share =
      (cut.loss(before) - kAcceptedPoints) / (cut.loss(before) - cut.loss(*within));
  return before.payload_bytes * std::pow(within->payload_bytes / before.payload_bytes, share);
}

/// The line with the fewest bytes among those that `wanted` picks.
struct Best {
  std::string name;
  double bytes = 0;
};
template <class Wanted>
std::optional<Best> best_of(const Cut& cut, const std::vector<Line>& lines, const Wanted& wanted) {
  std::optional<Best> best;
  for (const Line& line : lines) {
    if (!wanted(line)) continue;
    const auto bytes = bytes_within(cut, line);
    if (bytes && (!best || *bytes < best->bytes)) best = Best{line.name, *bytes};
  }
  return best;
}

std::string bytes_text(const std::optional<Best>& best) {
  return best ? fmt::format("{:.0f} B ({})", best->bytes, best->name) : "none";
}

void add_claims(const Cut& cut, std::vector<Claim>& claims) {
  const std::vector<Line> lines = lines_of(cut);
  const auto unit = best_of(cut, lines, [](const Line& l) { return l.is_unit; });
  const auto plain = best_of(cut, lines, [](const Line& l) { return !l.is_unit && !l.is_picture; });
  const auto picture = best_of(cut, lines, [](const Line& l) { return l.is_picture; });
  const auto add = [&](std::string_view what, std::string measured) {
    claims.push_back({fmt::format("{}: {}", what, cut.name), "-", "-", std::move(measured)});
  };
  add("2 points lost, fewest bytes with a unit", bytes_text(unit));
  add("2 points lost, plain value by its best codec", bytes_text(plain));
  add("2 points lost, picture by its best codec", bytes_text(picture));
  if (unit && plain)
    add("unit's bytes over the plain value's", fmt::format("1/{:.1f}", plain->bytes / unit->bytes));
  if (unit && picture)
    add("unit's bytes over the picture's", fmt::format("1/{:.1f}", picture->bytes / unit->bytes));
}

}  // namespace

Figure rate_accuracy_figure(const std::vector<TrainedPoint>& points) {
  Figure figure{"rate_accuracy",
                "Accuracy lost over the bytes that cross",
                "units, codecs of the plain value, codecs of the picture",
                Style::kCurves,
                "bytes",
                "points lost",
                2,
                {}};
  for (const Cut& cut : cuts_of(points)) {
    Panel panel{cut.name + (cut.on_test ? "" : ", held-out pictures"), {}, {}, kShownPoints};
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
  return figure;
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
