#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/link.h"
#include "base/result.h"
#include "base/spec.h"

namespace cleave::plan {

/// What a computing device draws, and how that is known. The energy of an inference is the
/// device's: E = P_compute · (head + encode) + P_up · up + P_down · down + P_tail · tail, each P ·
/// t with P_up and P_down from thesis eq. 2.21, and the link's tail once where it was used; waiting
/// costs nothing.
struct EnergyModel {
  /// Thesis table 3.5 has 20.5 mJ in 15.7 ms for mobile-only; the quotient is the default.
  static constexpr double kThesisComputeMw = 20.5 / 15.7 * 1000;

  double compute_mw = kThesisComputeMw;
  std::string power = "const";                                  ///< the spec that says so
  std::string source = "thesis table 3.5, 20.5 mJ in 15.7 ms";  ///< of compute_mw, for people
  /// How many times as fast as the described device its server is; nothing where that is not known.
  std::optional<double> server_speedup{};
};

/// Measures what this machine draws while it computes as the device does, in mW.
using PowerMeter = std::function<Result<double>()>;

/// A way to know a device's power.
struct PowerSource {
  std::string_view name;
  std::string_view form;  ///< of its spec, for people
  std::string_view help;
  Result<EnergyModel> (*read)(const Spec& spec, const PowerMeter& meter);
};

/// All of them: const, tx2 and rapl.
std::span<const PowerSource> power_sources();

/// Reads a spec by that table; `meter` is called for a power that has to be measured. Errors:
/// kInvalidArgument for a bad spec, and those of `meter`.
Result<EnergyModel> read_power(std::string_view text, const PowerMeter& meter);

/// What computing for so long costs, in mJ.
double compute_energy_mj(const EnergyModel& model, double compute_ms);
/// What the radio spends on moving so many bytes, in mJ, without its tail. No bytes, no radio.
double radio_energy_mj(const Link& link, double bytes_up, double bytes_down);
/// The energy of one inference, in mJ: both, and the tail where bytes crossed.
double device_energy_mj(const EnergyModel& model, const Link& link, double compute_ms,
                        double bytes_up, double bytes_down);

/// The member `energy_model` of plans and reports: every number of the model, and where from.
Json to_json(const EnergyModel& model, const Link& link);

}  // namespace cleave::plan
