#include "plan/objective.h"

#include "base/spec.h"

namespace cleave::plan {

Result<Objective> parse_objective(std::string_view text) {
  if (text == "latency") return Objective::kLatency;
  if (text == "energy") return Objective::kEnergy;
  return std::unexpected(unknown_name("plan", "objective", text, {"latency", "energy"}));
}

std::string_view objective_name(Objective objective) {
  return objective == Objective::kLatency ? "latency" : "energy";
}

}  // namespace cleave::plan
