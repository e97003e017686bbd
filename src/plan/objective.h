#pragma once

#include <string_view>

#include "base/result.h"

namespace cleave::plan {

/// What a plan minimises.
enum class Objective { kLatency, kEnergy };
Result<Objective> parse_objective(std::string_view text);
std::string_view objective_name(Objective objective);

}  // namespace cleave::plan
