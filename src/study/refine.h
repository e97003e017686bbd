#pragma once

#include <span>

#include "base/clock.h"
#include "base/json.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/cost_model.h"
#include "profile/measure.h"
#include "study/network_problem.h"

namespace cleave::study {

/// A schedule, and how far its costs were measured.
struct PlannedSchedule {
  plan::NetworkProblem problem;
  plan::Solution solution;
  /// Groups of the schedule whose costs are estimates, first and last layer.
  std::vector<std::pair<int, int>> estimated_on_device;
  std::vector<std::pair<int, int>> estimated_in_cloud;
  int measured_groups = 0;  ///< of both sides
  int all_groups = 0;       ///< of both sides

  bool measured_through() const {
    return estimated_on_device.empty() && estimated_in_cloud.empty();
  }
};

/// The member "schedule" of "cleave-plan/1", docs/formats/plan.md.
Json to_json(const PlannedSchedule& planned);

/// The best schedule by what the profiles hold; kFeasible, the best with one crossing, where too
/// many values live at once or too many schedules would have to be looked at.
Result<PlannedSchedule> plan_schedule(const graph::Model& model, const plan::Problem& problem,
                                      const ScheduleRequest& request);

/// Solves with what is known or estimated, measures the groups that the schedule rests on, and
/// repeats until it rests on measurements alone; measuring every group of a network would take
/// quadratically many. The groups are added to the profiles of `problem`, which have to be of this
/// machine (profile::add_groups). Stops early, with what it has, after `options.budget_s`.
Result<PlannedSchedule> refine_schedule(const graph::Model& model, engine::Engine& engine,
                                        plan::Problem& problem, const ScheduleRequest& request,
                                        profile::MeasureOptions options, Clock& clock);

/// Of many noisy measurements the smallest is smaller than it should be. So the head and the tail
/// of the split that ranks best over each link are measured again, until every best split's were or
/// `options.budget_s` is over; what they cost then takes the place of what they did. Returns
/// whether all were. The profiles of `problem` have to be of this machine (profile::add_groups).
Result<bool> confirm_best_splits(const graph::Model& model, engine::Engine& engine,
                                 plan::Problem& problem, std::span<const Link> links,
                                 profile::MeasureOptions options, Clock& clock);

}  // namespace cleave::study
