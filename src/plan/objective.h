#pragma once

#include <string_view>

#include "base/result.h"

namespace cleave::plan {

/// What a plan minimises: ms, the device's mJ, or bytes over the link, both ways.
enum class Objective { kLatency, kEnergy, kBytes };
Result<Objective> parse_objective(std::string_view text);
std::string_view objective_name(Objective objective);

}  // namespace cleave::plan
