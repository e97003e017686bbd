#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "graph/model.h"
#include "profile/profile.h"

namespace cleave::profile {

/// How much a layer is expected to cost beside its neighbours, in no unit: its multiply-accumulates
/// and, weighted, the elements that it moves. Used only between measured boundaries.
double work_of(const graph::Layer& layer);

/// Fills the empty entries of `costs` at the boundaries `cuts` linearly in the work done between
/// the nearest filled boundaries below and above. `costs` has one entry more than `work`; the first
/// and last must be filled. What is filled in has samples = 0.
void interpolate(std::vector<std::optional<Cost>>& costs, const std::vector<double>& work,
                 const std::vector<std::size_t>& cuts);

}  // namespace cleave::profile
