#include "study/plan_table.h"

#include <algorithm>

#include "plan/scaling.h"
#include "study/best_schedule.h"
#include "study/explain.h"

namespace cleave::study {
namespace {

/// The position of a schedule in the table, which gets it if it is new.
std::uint16_t place_of(plan::PlanTable& table, const graph::Model& model,
                       const plan::Solution& solution) {
  const auto& groups = solution.schedule.groups;
  const auto found = std::ranges::find(table.schedules, groups, &plan::TableEntry::groups);
  const auto place = static_cast<std::uint16_t>(found - table.schedules.begin());
  if (found == table.schedules.end())
    table.schedules.push_back({groups.empty() ? "none" : describe(model, groups), groups});
  return place;
}

}  // namespace

Result<plan::PlanTable> make_table(const graph::Model& model, const plan::Problem& problem,
                                   const ScheduleRequest& request, const TableRequest& wanted) {
  const auto& [up_mbps, load, one_crossing] = wanted;
  plan::PlanTable table;
  table.model_sha256 = problem.device.model_sha256;
  table.training = request.training.has_value();
  table.layers = static_cast<int>(model.layers().size()) * (table.training ? 2 : 1);
  table.objective = request.objective;
  table.up_mbps = up_mbps;
  table.load = load;
  table.down_over_up = problem.link.down_mbps / problem.link.up_mbps;
  table.rtt_ms = problem.link.rtt_ms;
  for (std::size_t l = 0; l < load.points; ++l) {
    for (std::size_t r = 0; r < up_mbps.points; ++r) {
      plan::Problem changed = problem;
      plan::scale_link(changed, up_mbps.at(r) / problem.link.up_mbps);
      plan::load_server(changed, load.at(l));
      const auto network = CLEAVE_TRY(network_problem(model, changed, request));
      const auto solution =
          one_crossing ? best_single_cut(network) : CLEAVE_TRY(best_schedule(network));
      table.choices.push_back(place_of(table, model, solution));
    }
  }
  return table;
}

}  // namespace cleave::study
