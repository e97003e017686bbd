#pragma once

// Every schedule that a problem allows, one by one: the oracle of small cases.
#include <functional>
#include <vector>

#include "plan/network_problem.h"

namespace cleave::plan {

/// Those that would have to send what cannot be sent are left out.
inline void for_each_schedule(const NetworkProblem& p,
                              const std::function<void(const Schedule&)>& visit) {
  std::vector<ScheduledGroup> chosen;
  const std::function<void(int)> extend = [&](int next) {
    if (next > p.layers) {
      if (const auto schedule = evaluate(p, chosen)) visit(*schedule);
      return;
    }
    for (const Side side : {Side::kDevice, Side::kCloud}) {
      if (p.whole_stretches && !chosen.empty() && chosen.back().side == side) continue;
      for (const Group& g : side == Side::kDevice ? p.device : p.cloud) {
        if (g.first != next) continue;
        chosen.push_back({g.first, g.last, side});
        extend(g.last + 1);
        chosen.pop_back();
      }
    }
  };
  extend(1);
}

}  // namespace cleave::plan
