// Whether plans hold: `cleave demo` predicts each strategy's latency from profiles, then measures
// it through a real server and three emulated links. Reported are the errors of the prediction and
// how far the planner's first choice is from the best that was measured.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "base/stats.h"
#include "report.h"
#include "serve_process.h"

namespace cleave::bench {
namespace {

constexpr std::string_view kPlace = "bench.plan";

struct PipeCloser {
  void operator()(std::FILE* pipe) const { ::pclose(pipe); }
};

Result<Json> run_demo() {
  const std::string command = "'" + cleave_program().string() + "' demo --json 2>/dev/null";
  const std::unique_ptr<std::FILE, PipeCloser> pipe(::popen(command.c_str(), "r"));
  if (!pipe) return fail(ErrorCode::kIo, kPlace, "cannot run: " + command);
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe.get()))
    text.append(piece.data(), got);
  return parse_json(text, kPlace);
}

/// Of one strategy over one link, a figure per demo.
struct Samples {
  std::vector<double> predicted_ms;
  std::vector<double> measured_ms;
  std::vector<double> error_percent;
};

/// The samples of a link, by strategy, and of its planned choice over the best measured.
struct LinkSamples {
  std::map<std::string, Samples> strategies;
  std::vector<double> planned_over_best;
};

/// "split at 21" may be "split at 3" in the next demo: one name for both.
std::string strategy_of(const std::string& row) { return row.substr(0, row.find(" at ")); }

Result<void> collect(const Json& link, LinkSamples& samples) {
  double best_ms = 0;
  double planned_ms = 0;
  for (const Json& row : link.at("rows")) {
    const double predicted_ms = CLEAVE_TRY(json_get<double>(row, "predicted_ms", kPlace));
    const double measured_ms = CLEAVE_TRY(json_get<double>(row, "measured_ms", kPlace));
    if (CLEAVE_TRY(json_get<bool>(row, "planned", kPlace))) planned_ms = measured_ms;
    if (best_ms == 0 || measured_ms < best_ms) best_ms = measured_ms;
    Samples& s =
        samples.strategies[strategy_of(CLEAVE_TRY(json_get<std::string>(row, "strategy", kPlace)))];
    s.predicted_ms.push_back(predicted_ms);
    s.measured_ms.push_back(measured_ms);
    s.error_percent.push_back(100 * (predicted_ms / measured_ms - 1));
  }
  samples.planned_over_best.push_back(planned_ms / best_ms);
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  const int demos = arguments.quick ? 1 : arguments.full ? 7 : 3;
  std::map<std::string, LinkSamples> links;
  for (int i = 0; i < demos; ++i) {
    const Json demo = CLEAVE_TRY(run_demo());
    if (!demo.contains("links"))
      return fail(ErrorCode::kInternal, kPlace, "the demo told no links");
    for (const Json& link : demo.at("links")) {
      const auto name = CLEAVE_TRY(json_get<std::string>(link, "link", kPlace));
      CLEAVE_CHECK(collect(link, links[name]));
    }
  }
  for (const auto& [name, samples] : links) {
    report.section(name, fmt::format("medians of {} demo(s)", demos));
    for (const auto& [strategy, s] : samples.strategies) {
      report.add(strategy + " predicted", summarize(s.predicted_ms).median, "ms");
      report.add(strategy + " measured", summarize(s.measured_ms).median, "ms");
      report.add(strategy + " error", std::abs(summarize(s.error_percent).median), "%",
                 at_most(10));
    }
    report.add("planned / best measured", summarize(samples.planned_over_best).median, "",
               at_most(1.05));
  }
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("plan", argc, argv, cleave::bench::run);
}
