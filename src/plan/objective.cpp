#include "plan/objective.h"

#include "base/spec.h"

namespace cleave::plan {

Result<Objective> parse_objective(std::string_view text) {
  for (const Objective o : {Objective::kLatency, Objective::kEnergy, Objective::kBytes})
    if (text == objective_name(o)) return o;
  return std::unexpected(unknown_name("plan", "objective", text, {"latency", "energy", "bytes"}));
}

std::string_view objective_name(Objective objective) {
  switch (objective) {
    case Objective::kLatency:
      return "latency";
    case Objective::kEnergy:
      return "energy";
    case Objective::kBytes:
      return "bytes";
  }
  return "latency";
}

}  // namespace cleave::plan
