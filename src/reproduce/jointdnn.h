#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "reproduce/report.h"

namespace cleave::reproduce {

struct JointDnnOptions {
  std::filesystem::path out;   ///< a folder; made where it is not there
  std::filesystem::path data;  ///< of trained networks and photos; empty: figures 2.13, 2.14 are
                               ///< left out
  std::vector<int> batches{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};  ///< of the modelled pair
  std::vector<int> measured_batches{1, 4, 10};              ///< empty: nothing is measured
  double budget_s = 5;  ///< of each profile: eight networks, two sides, every batch
  /// The thesis's names; empty: all.
  std::vector<std::string> networks;
  /// Told what goes on. May be empty.
  std::function<void(const std::string&)> say;
};

/// Makes what chapter 2 of the thesis shows, table 2.4 and figures 2.2, 2.3 and 2.8 to 2.14, from
/// this machine's measurements and from a model of the thesis's own, as CSV and, where gnuplot is
/// installed, PNG. plans.csv has every plan behind the figures. Errors: of writing, measuring and
/// planning; kInvalidArgument for an unknown network.
Result<Report> reproduce_jointdnn(const JointDnnOptions& options, engine::Engine& engine,
                                  Clock& clock);

}  // namespace cleave::reproduce
