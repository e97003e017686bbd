#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "bundle/manifest.h"
#include "plan/cost_model.h"
#include "search/candidates.h"
#include "search/unit_costs.h"
#include "study/samples.h"
#include "train_args.h"

namespace cleave::app {

/// By what `cleave search` chooses among units.
struct SearchCostArgs {
  std::string device;  ///< profiles; without them only bytes count
  std::string cloud;
  std::string link = "4g";
  std::string power;
  std::string objective;  ///< empty: latency where there are profiles, else bytes
  double device_load = 1;
  double cloud_load = 1;
};

void add_search_cost_args(CLI::App& command, SearchCostArgs& args);

/// What candidates cost by the profiles, the link and the loads. Borrows the training.
class SearchCosts {
 public:
  /// Resolves `args.objective`. Errors: those of reading profiles; kInvalidArgument for an
  /// objective that needs profiles without them.
  static Result<SearchCosts> create(SearchCostArgs& args, const Training& training, Clock& clock);

  /// What the costs of candidates are, for people.
  std::string basis() const;
  /// In the objective's unit; the unit itself counts nothing, and of the code its bytes.
  double of_candidate(const search::Candidate& candidate, double payload_bytes) const;
  /// Measured, without loads; nothing without profiles.
  Result<std::optional<bundle::CutCosts>> of_unit(const search::Candidate& candidate,
                                                  const search::UnitHalves& halves) const;
  std::optional<bundle::WholeCosts> of_whole() const;

 private:
  SearchCosts(const Training& training, Clock& clock, plan::Objective objective)
      : training_(training), clock_(clock), objective_(objective) {}
  const Training& training_;
  Clock& clock_;
  plan::Objective objective_;
  study::Samples samples_;
  std::optional<plan::Problem> problem_;  ///< as profiled
  std::optional<plan::Problem> loaded_;   ///< the same under load
  double device_load_ = 1;
  double cloud_load_ = 1;
};

}  // namespace cleave::app
