#pragma once

#include <string>
#include <vector>

#include "graph/model.h"
#include "plan/schedule.h"

namespace cleave::study {

/// The network with its schedule coloured, in Graphviz's language: a box for each layer, an edge
/// for each value it hands on, those that cross drawn heavy with their plain bytes. Without groups
/// nothing is coloured.
std::string schedule_dot(const graph::Model& model,
                         const std::vector<plan::ScheduledGroup>& groups);

}  // namespace cleave::study
