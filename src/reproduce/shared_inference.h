#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "reproduce/report.h"

namespace cleave::reproduce {

struct SharedInferenceOptions {
  std::filesystem::path out;   ///< a folder; made where it is not there
  std::filesystem::path data;  ///< of trained networks, photos and a film; empty: what needs them
                               ///< is left out
  bool measure = true;         ///< else the modelled pair alone, its layers' shares by a data sheet
  double budget_s = 30;        ///< of the device's profile, and of the server's
  /// Told what goes on. May be empty.
  std::function<void(const std::string&)> say;
};

/// Makes what "Shared Mobile-Cloud Inference for Collaborative Intelligence" (Ulhaq and Bajić)
/// shows and states: figure 2, figure 3 and the properties of split layers that its section 2
/// lists, as CSV and, where gnuplot is installed, PNG. Errors: of writing and measuring.
Result<Report> reproduce_shared_inference(const SharedInferenceOptions& options,
                                          engine::Engine& engine, Clock& clock);

}  // namespace cleave::reproduce
