#pragma once

#include "plan/table.h"
#include "study/network_problem.h"

namespace cleave::study {

/// Solves the problem at every point of the axes: link rates up, the rate down in proportion, and
/// loads of the server. Fails as best_schedule().
Result<plan::PlanTable> make_table(const graph::Model& model, const plan::Problem& problem,
                                   const ScheduleRequest& request,
                                   const plan::GeometricAxis& up_mbps,
                                   const plan::GeometricAxis& load);

}  // namespace cleave::study
