#pragma once

#include "plan/table.h"
#include "study/network_problem.h"

namespace cleave::study {

/// What a table is to hold.
struct TableRequest {
  plan::GeometricAxis up_mbps;  ///< the rate down goes along
  plan::GeometricAxis load;     ///< factor on the server's times
  bool one_crossing = false;    ///< no schedules but those that a bundle can run
};

/// Solves the problem at every point of the axes. Fails as best_schedule().
Result<plan::PlanTable> make_table(const graph::Model& model, const plan::Problem& problem,
                                   const ScheduleRequest& request, const TableRequest& wanted);

}  // namespace cleave::study
