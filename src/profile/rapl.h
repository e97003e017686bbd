#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace cleave::profile {

/// Where Linux shows the energy counters of processors.
inline constexpr std::string_view kPowercap = "/sys/class/powercap";

/// The energy counters of this machine's processors, by RAPL: the package domains, each a whole
/// processor with its caches and what else is on it. Whatever runs on the machine counts.
/// Immutable and thread-safe.
class RaplCounters {
 public:
  /// Finds the package domains below `root` and reads each once. Errors name the path that is
  /// missing, unreadable (most systems let only root read them) or holds something else.
  static Result<RaplCounters> open(const std::filesystem::path& root = kPowercap);

  /// What the counters show, in µJ, by package.
  using Reading = std::vector<std::uint64_t>;
  Result<Reading> read() const;
  /// The energy from one reading to a later one, in µJ, all packages together. A counter that has
  /// begun again is taken to have done so once: at 250 W that takes minutes.
  double between_uj(const Reading& before, const Reading& after) const;

 private:
  struct Package {
    std::filesystem::path energy;
    std::uint64_t range_uj = 0;  ///< where the counter begins again
  };
  explicit RaplCounters(std::vector<Package> packages) : packages_(std::move(packages)) {}
  std::vector<Package> packages_;
};

/// How long measure_power_mw() looks at the idle machine, and again at the busy one.
inline constexpr Nanos kPowerWindow = std::chrono::seconds(1);

/// What the machine draws more while `work` runs over and over than while this thread sleeps, in
/// mW. Errors: those of `work` and of the counters, and kInternal when computing draws no more.
Result<double> measure_power_mw(const RaplCounters& counters,
                                const std::function<Result<void>()>& work, Clock& clock);

}  // namespace cleave::profile
