#include "profile/rapl.h"

#include <algorithm>

#include "base/file.h"
#include "base/spec.h"

namespace cleave::profile {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlace = "profile.rapl";

Result<std::string> read_line(const fs::path& path) {
  std::string text = CLEAVE_TRY(read_file(path));
  return text.substr(0, text.find('\n'));
}

Result<std::uint64_t> read_count(const fs::path& path) {
  const std::string text = CLEAVE_TRY(read_line(path));
  if (const auto count = parse_number<std::uint64_t>(text)) return *count;
  return fail(ErrorCode::kCorrupt, kPlace,
              "'" + path.string() + "' holds '" + text + "', expected a whole number of µJ");
}

/// The folders of domains: "intel-rapl:0" is one, its parts "intel-rapl:0:0" are others.
Result<std::vector<fs::path>> domains_in(const fs::path& root) {
  std::error_code error;
  std::vector<fs::path> domains;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    if (entry.path().filename().string().starts_with("intel-rapl:"))
      domains.push_back(entry.path());
  }
  if (error) {
    return fail(ErrorCode::kNotFound, kPlace,
                "'" + root.string() + "' cannot be listed (" + error.message() +
                    "), expected the energy counters of the processor");
  }
  std::ranges::sort(domains);
  return domains;
}

/// Mean power while `action` runs, in mW.
Result<double> mean_mw(const RaplCounters& counters, const Clock& clock,
                       const std::function<Result<void>()>& action) {
  const Nanos start = clock.now();
  const auto before = CLEAVE_TRY(counters.read());
  CLEAVE_CHECK(action());
  const auto after = CLEAVE_TRY(counters.read());
  return counters.between_uj(before, after) / to_ms(clock.now() - start);
}

}  // namespace

Result<RaplCounters> RaplCounters::open(const fs::path& root) {
  const std::vector<fs::path> domains = CLEAVE_TRY(domains_in(root));
  std::vector<Package> packages;
  for (const fs::path& domain : domains) {
    const Result<std::string> name = read_line(domain / "name");
    if (!name) return std::unexpected(name.error());
    if (!name->starts_with("package-")) continue;
    packages.push_back(
        {domain / "energy_uj", CLEAVE_TRY(read_count(domain / "max_energy_range_uj"))});
  }
  if (packages.empty()) {
    return fail(ErrorCode::kNotFound, kPlace,
                "'" + root.string() + "' has no folder intel-rapl:N whose name is package-N, " +
                    "expected one for each processor");
  }
  RaplCounters counters(std::move(packages));
  CLEAVE_TRY(counters.read());
  return counters;
}

Result<RaplCounters::Reading> RaplCounters::read() const {
  Reading reading;
  for (const Package& package : packages_)
    reading.push_back(CLEAVE_TRY(read_count(package.energy)));
  return reading;
}

double RaplCounters::between_uj(const Reading& before, const Reading& after) const {
  double sum_uj = 0;
  for (std::size_t i = 0; i < packages_.size(); ++i) {
    const std::uint64_t wrapped = after[i] < before[i] ? packages_[i].range_uj : 0;
    sum_uj += static_cast<double>(after[i] + wrapped - before[i]);
  }
  return sum_uj;
}

Result<double> measure_power_mw(const RaplCounters& counters,
                                const std::function<Result<void>()>& work, Clock& clock) {
  CLEAVE_CHECK(work());  // the first run is slower than those that follow
  const double idle_mw = CLEAVE_TRY(mean_mw(counters, clock, [&]() -> Result<void> {
    clock.sleep_until(clock.now() + kPowerWindow);
    return {};
  }));
  const double busy_mw = CLEAVE_TRY(mean_mw(counters, clock, [&]() -> Result<void> {
    const Nanos end = clock.now() + kPowerWindow;
    while (clock.now() < end) CLEAVE_CHECK(work());
    return {};
  }));
  if (busy_mw > idle_mw) return busy_mw - idle_mw;
  return fail(ErrorCode::kInternal, kPlace,
              "the counters show " + std::to_string(busy_mw) + " mW while computing and " +
                  std::to_string(idle_mw) + " mW idle, expected more while computing");
}

}  // namespace cleave::profile
