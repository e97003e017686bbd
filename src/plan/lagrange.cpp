#include "plan/lagrange.h"

namespace cleave::plan {
namespace {

/// The sequence of multipliers ends by itself; rounding could make it circle.
constexpr int kMaxRounds = 64;

Costs weights(std::size_t objective, std::size_t resource, double multiplier) {
  Costs w{};
  w[objective] = 1;
  w[resource] += multiplier;
  return w;
}

}  // namespace

Relaxation relax(const ScheduleGraph& graph, std::size_t resource) {
  const std::size_t objective = graph.objective();
  const double limit = *graph.limits()[resource];
  const auto keeps = [&](const Way& way) {
    Costs only{};
    only[resource] = way.costs[resource];
    return graph.holds(only);
  };
  Costs alone{};
  alone[resource] = 1;
  Relaxation r;
  const WaysToGo thrifty(graph, alone);
  if (!thrifty.reaches()) return r;
  r.best = thrifty.cheapest();
  r.feasible = keeps(r.best);
  if (!r.feasible) return r;

  Way cheap = WaysToGo(graph, weights(objective, resource, 0)).cheapest();
  r.lower_bound = cheap.costs[objective];
  if (keeps(cheap)) {
    r.best = std::move(cheap);
    return r;
  }
  // The multiplier at which the cheap way and the thrifty one cost the same; a way that costs less
  // than both takes the place of the one on its side of the limit.
  for (int round = 0; round < kMaxRounds; ++round) {
    const double saved = cheap.costs[resource] - r.best.costs[resource];
    const double paid = r.best.costs[objective] - cheap.costs[objective];
    if (saved <= 0 || paid <= 0) return r;
    const double multiplier = paid / saved;
    const Costs w = weights(objective, resource, multiplier);
    const WaysToGo ways(graph, w);
    const double bound = ways.at(0, Side::kDevice) - multiplier * limit;
    if (bound > r.lower_bound) {
      r.lower_bound = bound;
      r.multiplier = multiplier;
    }
    Way way = ways.cheapest();
    if (ways.at(0, Side::kDevice) >= dot(w, cheap.costs) * (1 - 1e-12)) return r;
    (keeps(way) ? r.best : cheap) = std::move(way);
  }
  return r;
}

}  // namespace cleave::plan
