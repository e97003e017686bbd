#include "reproduce/figure.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/file.h"

namespace cleave::reproduce {
namespace {

constexpr std::string_view kPlace = "reproduce.figure";
constexpr int kPanelWidth = 340;
constexpr int kPanelHeight = 250;
/// With names below the bars.
constexpr int kBarPanelHeight = 330;
/// With the names of curves beside them.
constexpr int kCurvesPanelWidth = 560;
constexpr int kCurvesPanelHeight = 340;
constexpr int kTitleHeight = 50;
/// Of curves; further ones are dashed.
constexpr std::array<std::string_view, 11> kColors{"#d62728", "#ff9896", "#1f77b4", "#2ca02c",
                                                   "#9467bd", "#ff7f0e", "#8c564b", "#e377c2",
                                                   "#17becf", "#bcbd22", "#555555"};
constexpr std::size_t kMaxLabels = 24;
/// Of curves.
constexpr std::size_t kMaxTics = 12;
constexpr std::size_t kMaxLabelLength = 16;

/// For gnuplot, between double quotes, where it would run what stands between backticks. Names of
/// layers come from files: what could end the text or its line is replaced.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool harmless =
        static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != '`';
    out += harmless ? c : '_';
  }
  return out;
}

std::string quoted(const std::string& text) { return "\"" + plain(text) + "\""; }

std::string csv_of(const Figure& figure) {
  std::string csv = "panel,series,point,value\n";
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        const std::string point = figure.style == Style::kCurves
                                      ? fmt::format("{:.6g}", series.at[i])
                                      : csv_field(panel.points[i]);
        csv += fmt::format("{},{},{},{:.6g}\n", csv_field(panel.title), csv_field(series.title),
                           point, series.values[i]);
      }
    }
  }
  return csv;
}

/// What stands under a bar: its name, cut short; of many bars only some have one.
std::string bar_label(const Panel& panel, std::size_t i) {
  const std::size_t every = (panel.points.size() + kMaxLabels - 1) / kMaxLabels;
  return quoted(i % every == 0 ? panel.points[i].substr(0, kMaxLabelLength) : "");
}

/// A block of rows for each curve: the place, then the value.
std::string curves_of(const Panel& panel, std::size_t index) {
  std::string blocks;
  for (std::size_t s = 0; s < panel.series.size(); ++s) {
    const Series& series = panel.series[s];
    blocks += fmt::format("$panel{}_{} << END\n", index, s);
    for (std::size_t i = 0; i < series.values.size(); ++i)
      blocks += fmt::format("{:.6g} {:.6g}\n", series.at[i], series.values[i]);
    blocks += "END\n";
  }
  return blocks;
}

/// A panel's numbers as one block of rows: the point, then a column for each series.
std::string data_of(const Panel& panel, std::size_t index, Style style) {
  if (style == Style::kCurves) return curves_of(panel, index);
  std::string block = fmt::format("$panel{} << END\n", index);
  for (std::size_t i = 0; i < panel.points.size(); ++i) {
    block += style == Style::kLines ? panel.points[i] : bar_label(panel, i);
    for (const Series& series : panel.series) block += fmt::format(" {:.6g}", series.values[i]);
    block += '\n';
  }
  return block + "END\n";
}

/// Where few places are all that there is, each has its name below: within a decade a logarithmic
/// axis would show none. The axis goes a little beyond them, for what stands at its ends.
std::string places_of(const Panel& panel) {
  std::set<double> places;
  for (const Series& series : panel.series) places.insert(series.at.begin(), series.at.end());
  if (places.empty() || places.size() > kMaxTics) return "set xtics autofreq\nset xrange [*:*]\n";
  std::string tics;
  for (const double place : places)
    tics += fmt::format("{}{:.6g}", tics.empty() ? "" : ", ", place);
  return fmt::format("set xtics ({})\nset xrange [{:.6g}:{:.6g}]\n", tics, 0.95 * *places.begin(),
                     1.05 * *places.rbegin());
}

std::string plot_curves(const Panel& panel, std::size_t index) {
  const std::string top = panel.y_top > 0 ? fmt::format("{:.6g}", panel.y_top) : "*";
  std::string plot =
      places_of(panel) +
      fmt::format("set yrange [*:{}]\nset title {} noenhanced\nplot ", top, quoted(panel.title));
  for (std::size_t s = 0; s < panel.series.size(); ++s)
    plot += fmt::format("{}$panel{}_{} using 1:2 lc rgb \"{}\" dt {} pt {} title {} noenhanced",
                        s > 0 ? ", " : "", index, s, kColors[s % kColors.size()],
                        1 + s / kColors.size(), 4 + s % 10, quoted(panel.series[s].title));
  return plot + "\n";
}

std::string plot_of(const Panel& panel, std::size_t index, Style style) {
  if (style == Style::kCurves) return plot_curves(panel, index);
  double largest = 0;
  for (const Series& series : panel.series)
    for (const double value : series.values) largest = std::max(largest, value);
  // Where all are equal gnuplot would warn and choose a range of its own.
  const bool one_place = style == Style::kLines && panel.points.size() == 1;
  const std::string top = panel.y_top > 0 ? fmt::format("{:.6g}", panel.y_top)
                          : largest > 0   ? "*"
                                          : "1";
  std::string plot = "unset arrow\n";
  for (const double mark : panel.marks)
    plot += fmt::format(
        "set arrow from first {0:.6g}, graph 0 to first {0:.6g}, graph 1 nohead dt 2\n", mark);
  plot +=
      fmt::format("set title {} noenhanced\nset yrange [0:{}]\nplot ", quoted(panel.title), top);
  if (one_place) plot.insert(0, fmt::format("set xrange [{0}-1:{0}+1]\n", panel.points.front()));
  for (std::size_t s = 0; s < panel.series.size(); ++s) {
    if (s > 0) plot += ", ";
    const std::string columns =
        style == Style::kLines ? fmt::format("1:{}", s + 2) : fmt::format("{}:xtic(1)", s + 2);
    plot += fmt::format("$panel{} using {} title {} noenhanced", index, columns,
                        quoted(panel.series[s].title));
  }
  return plot + "\n";
}

/// Where the picture goes, of panels in so many rows.
std::string terminal_of(const Figure& figure, int rows) {
  const bool curves = figure.style == Style::kCurves;
  const int width = curves ? kCurvesPanelWidth : kPanelWidth;
  const int height = curves                          ? kCurvesPanelHeight
                     : figure.style == Style::kLines ? kPanelHeight
                                                     : kBarPanelHeight;
  const bool svg = figure.format == Format::kSvg;
  return fmt::format("set terminal {} size {},{} font \"sans,9\"\nset output {}\n",
                     svg ? "svg background \"white\"" : "pngcairo", figure.columns * width,
                     rows * height + kTitleHeight, quoted(figure.name + (svg ? ".svg" : ".png")));
}

std::string_view style_of(Style style) {
  switch (style) {
    case Style::kLines:
      return "set style data linespoints\nset pointsize 0.5\n";
    case Style::kStackedBars:
      return "set style data histograms\nset style histogram rowstacked\nset boxwidth 0.8\n"
             "set style fill solid border -1\nset xtics rotate by -90 noenhanced font \",7\"\n";
    case Style::kCurves:
      return "set style data linespoints\nset pointsize 0.5\nset logscale x\nset autoscale xfix\n"
             "set key outside right center vertical samplen 2\nset grid xtics\n";
  }
  return "";
}

std::string gnuplot_of(const Figure& figure) {
  const int panels = static_cast<int>(figure.panels.size());
  const int rows = (panels + figure.columns - 1) / figure.columns;
  std::string text = "reset\n" + terminal_of(figure, rows) +
                     fmt::format(
                         "set key outside top center horizontal samplen 1\n"
                         "set grid ytics lc rgb \"#dddddd\"\n"
                         "set xlabel {}\nset ylabel {}\n",
                         quoted(figure.x_label), quoted(figure.y_label));
  text += style_of(figure.style);
  for (std::size_t i = 0; i < figure.panels.size(); ++i)
    text += data_of(figure.panels[i], i, figure.style);
  text += fmt::format("set multiplot layout {},{} title \"{}\\n{}\" noenhanced\n", rows,
                      figure.columns, plain(figure.title), plain(figure.subtitle));
  for (std::size_t i = 0; i < figure.panels.size(); ++i)
    text += plot_of(figure.panels[i], i, figure.style);
  return text + "unset multiplot\n";
}

}  // namespace

Figure in_columns(Figure figure) {
  figure.columns = figure.panels.size() > 1 ? 2 : 1;
  return figure;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

Result<void> write_figure(const std::filesystem::path& folder, const Figure& figure) {
  CLEAVE_CHECK(write_file(folder / (figure.name + ".csv"), csv_of(figure)));
  return write_file(folder / (figure.name + ".gp"), gnuplot_of(figure));
}

Result<void> draw(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::string> arguments{"gnuplot"};
  for (const std::string& name : names) arguments.push_back(name + ".gp");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, "gnuplot", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(ErrorCode::kUnavailable, kPlace,
                std::string("cannot run gnuplot: ") + std::strerror(error));
  }
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::kInternal, kPlace, "gnuplot did not draw the figures");
}

}  // namespace cleave::reproduce
