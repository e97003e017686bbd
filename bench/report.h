#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cleave::bench {

/// What every benchmark program understands; `./dev.sh bench` passes the same to all.
struct Arguments {
  bool quick = false;  ///< --quick: fewer and shorter rounds
  bool full = false;   ///< --full: the longest form
  std::string out;     ///< --benchmark_out=FILE or --out FILE: where JSON goes
  /// --only NAME, may be repeated: the networks to run, where a benchmark has several. Empty: all.
  std::vector<std::string> only;

  bool wants(const std::string& network) const {
    return only.empty() || std::ranges::find(only, network) != only.end();
  }
};

/// Reads the arguments; other options of Google Benchmark (--benchmark_*) are passed over.
/// kInvalidArgument names what is not known.
Result<Arguments> parse_arguments(int argc, char** argv);

/// A bound that a result should keep.
struct Target {
  enum class Is { kAtLeast, kAtMost };
  Is is = Is::kAtLeast;
  double value = 0;

  bool met_by(double result) const {
    return is == Is::kAtLeast ? result >= value : result <= value;
  }
};
inline Target at_least(double value) { return {Target::Is::kAtLeast, value}; }
inline Target at_most(double value) { return {Target::Is::kAtMost, value}; }

/// Prints one line per result, its target beside it, and collects them for JSON. Prints the title,
/// the number of processors and the load of the machine first: the figures mean little without.
/// Not thread-safe.
class Report {
 public:
  explicit Report(std::string benchmark);

  /// Starts a part about `subject`, which prefixes the names of its results in the JSON.
  void section(std::string subject, const std::string& details);
  void add(const std::string& name, double result, const std::string& unit,
           std::optional<Target> target = std::nullopt);
  /// Writes {benchmark, processors, load_average, results: [{name, unit, target, bound, result,
  /// met}]}; target, bound and met are null where there is no target. Nothing if `out` is empty.
  Result<void> write(const std::string& out) const;

 private:
  std::string subject_;
  Json json_;
};

/// main() of a benchmark: parses the arguments, runs, writes; an error is one line and status 1.
int run_benchmark(const std::string& name, int argc, char** argv,
                  Result<void> (*run)(const Arguments&, Report&));

}  // namespace cleave::bench
