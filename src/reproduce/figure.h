#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cleave::reproduce {

/// Numbers that are drawn as one line, or as one share of stacked bars.
struct Series {
  std::string title;
  std::vector<double> values;   ///< one for each point of its panel
  std::vector<double> at = {};  ///< of curves: where on the x axis each value is
};

/// A diagram: `points` along the x axis, numbers for lines and names for bars; curves have none.
struct Panel {
  std::string title;
  std::vector<std::string> points;
  std::vector<Series> series;
  double y_top = 0;                ///< where the y axis ends; 0: where the values do
  std::vector<double> marks = {};  ///< of lines: places on the x axis, drawn as upright lines
};

enum class Style {
  kLines,
  kStackedBars,
  kCurves,  ///< lines over a logarithmic x axis, each with places of its own
};
enum class Format { kPng, kSvg };

/// Panels of one kind beside and below each other.
struct Figure {
  std::string name;  ///< of its files
  std::string title;
  std::string subtitle;  ///< a second line; may be empty
  Style style = Style::kLines;
  std::string x_label;
  std::string y_label;
  int columns = 1;
  std::vector<Panel> panels;
  Format format = Format::kPng;
};

/// The figure with two columns, or with one for a single panel.
Figure in_columns(Figure figure);

/// A text as a field of a CSV file (RFC 4180).
std::string csv_field(std::string_view text);

/// Writes NAME.csv (panel, series, point, value), and NAME.gp, which gnuplot draws NAME.png or
/// NAME.svg from. Fails as write_file().
Result<void> write_figure(const std::filesystem::path& folder, const Figure& figure);

/// Runs gnuplot on the figures of a folder, by name. kUnavailable when there is no gnuplot,
/// kInternal when it refuses a figure.
Result<void> draw(const std::filesystem::path& folder, const std::vector<std::string>& names);

}  // namespace cleave::reproduce
