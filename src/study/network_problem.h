#pragma once

#include <optional>
#include <vector>

#include "graph/model.h"
#include "plan/cost_model.h"
#include "plan/network_problem.h"

namespace cleave::study {

/// Most places at which groups of a schedule may begin and end. A network with more cuts keeps
/// those that send the least.
inline constexpr std::size_t kMaxBoundaries = 400;

/// One step of online training instead of an inference.
struct TrainingSpec {
  double updated = 1;  ///< share of each layer's weights that a step changes
  double backward_over_forward = 2;
};

/// What is planned, of a network whose costs are known.
struct ScheduleRequest {
  plan::Limits limits;
  plan::Objective objective = plan::Objective::kLatency;
  std::optional<TrainingSpec> training;
};

/// What a network's layers, values and groups cost by the profiles, the codec table and the link of
/// `problem`: schedules with any number of crossings, in the words of plan::Problem's own terms. A
/// schedule of one crossing costs what plan::evaluate() says. The radio's tail is counted with
/// every answer: a device that computes in between lets its radio run out each time.
///
/// Groups run between cuts, each stretch on one side as one group; those that were not measured are
/// estimated (profile::GroupCosts). What goes up is coded; what comes back is sent plain, as
/// servers answer. The device waits for free.
///
/// Training is inference and its mirror (plan::training_problem()); a weight that two layers share
/// counts in both. Groups take what the profiles know of their memory (profile::GroupMemory); what
/// a training step takes is not known. Fails with kInvalidArgument when what the request says of
/// training makes no sense, and when memory is limited that is not known.
Result<plan::NetworkProblem> network_problem(const graph::Model& model,
                                             const plan::Problem& problem,
                                             const ScheduleRequest& request);

/// The places at which groups begin and end, from 0 to the number of layers, ascending.
std::vector<int> choose_boundaries(const graph::Model& model);

/// Every run of layers between two boundaries, with the device's energy at `watt`.
std::vector<plan::Group> groups_of(const profile::Profile& profile,
                                   const std::vector<int>& boundaries, double watt);

}  // namespace cleave::study
