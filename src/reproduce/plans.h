#pragma once

#include <optional>
#include <vector>

#include "plan/schedule.h"
#include "reproduce/pair.h"

namespace cleave::reproduce {

/// What a schedule spends where.
struct Breakdown {
  double device_ms = 0;
  double cloud_ms = 0;
  double transfer_ms = 0;
  double device_mj = 0;
  double transfer_mj = 0;

  double latency_ms() const { return device_ms + cloud_ms + transfer_ms; }
  double energy_mj() const { return device_mj + transfer_mj; }
  double of(plan::Objective objective) const {
    return objective == plan::Objective::kLatency ? latency_ms() : energy_mj();
  }
};

/// What makes values of 32 bits, as in the networks' files, of those of 8: no compression, and four
/// times the bytes.
inline constexpr double kFloats = 0.25;
/// How many times PNG made a layer smaller on average (thesis 2.4.2).
inline constexpr double kPngRatio = 3.5;

/// What was asked of the planner.
struct Question {
  std::string link;
  plan::Objective objective = plan::Objective::kLatency;
  /// Training with this share of the weights updated; nothing: inference.
  std::optional<double> updated = {};
  double compression = 1;
  /// Of both machines' speeds: figure 2.11 lets both use half.
  double speed = 1;
};

/// A plan beside what it is compared with.
struct PlanRow {
  std::string pair;
  std::string network;
  int batch = 1;
  Question question;
  Breakdown device_only;
  Breakdown cloud_only;
  Breakdown planned;
  std::vector<plan::Side> sides;     ///< of each layer; in training 2N
  bool exact = true;                 ///< else the best with one crossing
  std::size_t estimated_groups = 0;  ///< of the plan, whose costs were not measured

  /// Over the better of device-only and cloud-only, as the thesis counts (2.4). Percent.
  double improvement_percent() const;
  /// Of the server's work, over cloud-only (table 2.4). Percent.
  double workload_reduction_percent() const;
};

/// Plans. Fails as study::plan_schedule().
Result<PlanRow> answer(const Pair& pair, const Network& network, const Costs& costs,
                       const Question& question);

/// Every plan, a row each.
std::string plans_csv(const std::vector<PlanRow>& rows);

}  // namespace cleave::reproduce
