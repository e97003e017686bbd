#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reproduce/partitions.h"
#include "reproduce/report.h"

namespace cleave::reproduce {

/// What was selected over one link, beside the network on the server alone.
struct Chosen {
  double cloud_ms = 0;
  double cloud_mj = 0;
  std::string fastest;      ///< place that is selected for latency
  std::string most_frugal;  ///< for energy
  double ms = 0;            ///< the latency of the first, and the energy of the second
  double mj = 0;
  double sent_bytes = 0;  ///< of the first
};

/// Tables 3.5 and 4.2 and the paper's table 5 are of this form.
struct Selection {
  double mobile_ms = 0;
  double mobile_mj = 0;
  bool is_choice = true;        ///< else there was one place alone
  std::array<Chosen, 3> links;  ///< in the order of link_presets()
};

/// Of one network's settings over links.
Selection selection_of(const std::vector<Partitioned>& settings);

/// How many times less than cloud-only, by link.
std::array<double, 3> latency_gains(const Selection& selection);
std::array<double, 3> energy_gains(const Selection& selection);

/// "77, 40, 41; mean 53".
std::string gains_text(const std::array<double, 3>& gains);

/// Each number of theirs beside ours, claims beginning with `table`; places where ours are a
/// choice. Without measured ones: "-".
std::vector<Claim> selection_claims(std::string_view table, const Selection& theirs,
                                    const Selection& modelled,
                                    const std::optional<Selection>& measured);

}  // namespace cleave::reproduce
