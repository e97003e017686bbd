#include "sweep_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "reproduce/figure.h"

namespace cleave::app {
namespace {

using Points = std::vector<study::SweepPoint>;

std::string field(const std::optional<study::Estimate>& estimate) {
  return estimate ? fmt::format("{:.6g}", estimate->value) : "";
}

std::string scores_of(const study::AccuracyReport& a) {
  return fmt::format("{},{},{},{}", field(a.top1), field(a.agreement), field(a.kl_nats),
                     field(a.psnr_db));
}

std::string line_of(const std::string& cut, const study::SweepPoint& p) {
  const study::Estimate& bytes = p.summary.bytes;
  return fmt::format("{},{},{},{},{:.2f},{:.2f},{},{:.4f},{:.4f}\n", cut,
                     reproduce::csv_field(p.family), reproduce::csv_field(p.codec), bytes.samples,
                     bytes.value, study::standard_error(bytes), scores_of(p.summary.accuracy),
                     p.encode_ms, p.decode_ms);
}

/// The kinds of codec that points are of, in their order.
std::vector<std::string> kinds_of(const Points& points) {
  std::vector<std::string> kinds;
  for (const study::SweepPoint& point : points) {
    const std::string kind(study::kind_of(point.family));
    if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
  }
  return kinds;
}

/// What stands on the y axis: the first that the scores have.
struct Quality {
  std::string label;
  std::optional<study::Estimate> study::AccuracyReport::* member;
  double unit = 1;
};

const Quality& quality_of(const study::AccuracyReport& accuracy) {
  static const std::array kQualities{
      Quality{"top-1, %", &study::AccuracyReport::top1, 100},
      Quality{"PSNR of the output, dB", &study::AccuracyReport::psnr_db, 1},
      Quality{"answers as uncut, %", &study::AccuracyReport::agreement, 100}};
  const auto known = std::ranges::find_if(
      kQualities, [&](const Quality& quality) { return (accuracy.*quality.member).has_value(); });
  return known == kQualities.end() ? kQualities.back() : *known;
}

reproduce::Series curve_of(const Points& points, const std::string& kind, const Quality& quality) {
  reproduce::Series series{kind, {}, {}};
  for (const study::SweepPoint& point : study::front_of(points, kind)) {
    const auto& estimate = point.summary.accuracy.*quality.member;
    if (!estimate) continue;
    series.at.push_back(point.summary.bytes.value);
    series.values.push_back(estimate->value * quality.unit);
  }
  return series;
}

/// All kinds at a cut, the picture beside them, and the uncut network across.
reproduce::Panel panel_of(const SweptCut& swept, const Points& pictures) {
  Points all = swept.sweep.points;
  all.insert(all.end(), pictures.begin(), pictures.end());
  reproduce::Panel panel{"cut " + swept.name, {}, {}};
  if (all.empty()) return panel;
  const Quality& quality = quality_of(all.front().summary.accuracy);
  double low = all.front().summary.bytes.value;
  double high = low;
  for (const std::string& kind : kinds_of(all)) {
    reproduce::Series series = curve_of(all, kind, quality);
    if (series.at.empty()) continue;
    low = std::min(low, series.at.front());
    high = std::max(high, series.at.back());
    panel.series.push_back(std::move(series));
  }
  if (const auto& uncut = swept.sweep.uncut.*quality.member) {
    const double level = uncut->value * quality.unit;
    panel.series.push_back({"uncut", {level, level}, {low, high}});
  }
  return panel;
}

std::string difference(const Points& reference, const std::string& kind, const Points& tested) {
  const auto share =
      study::bd_rate(study::rates_of(reference, kind), study::rates_of(tested, study::kCleave));
  return share ? fmt::format("{:+.1f} %", 100 * *share) : "-";
}

}  // namespace

std::string csv_of(const Sweep& sweep) {
  std::string csv =
      "cut,family,codec,samples,bytes_per_sample,bytes_standard_error,top1_share,agreement_share,"
      "kl_nats,psnr_db,encode_ms,decode_ms\n";
  if (!sweep.cuts.empty()) {
    const study::AccuracyReport& uncut = sweep.cuts.front().sweep.uncut;
    csv += fmt::format(",uncut,,{},,,{},,\n", uncut.samples, scores_of(uncut));
  }
  for (const study::SweepPoint& point : sweep.pictures) csv += line_of("", point);
  for (const SweptCut& swept : sweep.cuts)
    for (const study::SweepPoint& point : swept.sweep.points) csv += line_of(swept.id, point);
  return csv;
}

std::string differences_of(const Sweep& sweep) {
  std::string text;
  for (const SweptCut& swept : sweep.cuts) {
    const Points& points = swept.sweep.points;
    if (study::rates_of(points, study::kCleave).empty()) continue;
    if (text.empty())
      text = fmt::format("{:<40} {:<20} {:>12}\n", "bytes of cleave at equal quality", "beside",
                         "difference");
    std::string place = "cut " + swept.name;
    const auto add = [&](const Points& reference) {
      for (const std::string& kind : kinds_of(reference)) {
        if (kind == study::kCleave) continue;
        text += fmt::format("{:<40.40} {:<20} {:>12}\n", place, kind,
                            difference(reference, kind, points));
        place.clear();
      }
    };
    add(points);
    add(sweep.pictures);
  }
  if (!text.empty())
    text +=
        "Bjøntegaard's mean over the qualities that both reach, by KL divergence or PSNR; "
        "- where they share none\n";
  return text;
}

Result<void> check_picture_name(const std::filesystem::path& path) {
  if (path.extension() == ".svg" || path.extension() == ".png") return {};
  return fail(ErrorCode::kInvalidArgument, "sweep",
              "a picture as '" + path.string() + "', expected a name that ends in .svg or .png");
}

Result<void> draw_sweep(const Sweep& sweep, const std::filesystem::path& path) {
  CLEAVE_CHECK(check_picture_name(path));
  reproduce::Figure figure{"sweep",
                           "Rate and accuracy of " + sweep.network,
                           "",
                           reproduce::Style::kCurves,
                           "bytes a sample",
                           "",
                           2,
                           {}};
  figure.subtitle = "of each kind of codec the settings that none of its kind beats";
  figure.format = path.extension() == ".svg" ? reproduce::Format::kSvg : reproduce::Format::kPng;
  for (const SweptCut& swept : sweep.cuts) {
    reproduce::Panel panel = panel_of(swept, sweep.pictures);
    if (panel.series.empty()) continue;
    if (!swept.sweep.points.empty())
      figure.y_label = quality_of(swept.sweep.points.front().summary.accuracy).label;
    figure.panels.push_back(std::move(panel));
  }
  if (figure.panels.empty())
    return fail(ErrorCode::kUnsupported, "sweep", "no codec takes the values of any cut");
  figure.columns = std::min(2, static_cast<int>(figure.panels.size()));
  // Never committed: only the picture is kept.
  const StagedFolder folder = CLEAVE_TRY(StagedFolder::create(path.string() + ".drawing"));
  CLEAVE_CHECK(reproduce::write_figure(folder.path(), figure));
  CLEAVE_CHECK(reproduce::draw(folder.path(), {figure.name}));
  return write_file(
      path, CLEAVE_TRY(read_file(folder.path() / (figure.name + path.extension().string()))));
}

}  // namespace cleave::app
