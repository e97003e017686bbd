#include "plan/scaling.h"

namespace cleave::plan {

void scale_costs(profile::Profile& profile, double factor) {
  for (auto* costs : {&profile.head, &profile.tail, &profile.layer})
    for (auto& cost : *costs)
      if (cost) cost->median_ms *= factor;
  for (profile::GroupCost& group : profile.groups) group.cost.median_ms *= factor;
  profile.whole_ms *= factor;
  profile.slowdown *= factor;  // what coding is measured by
}

void scale_link(Problem& problem, double factor) {
  problem.link.up_mbps *= factor;
  problem.link.down_mbps *= factor;
}

void load_server(Problem& problem, double factor) { scale_costs(problem.cloud, factor); }

void load_device(Problem& problem, double factor) { scale_costs(problem.device, factor); }

}  // namespace cleave::plan
