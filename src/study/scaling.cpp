#include "study/scaling.h"

namespace cleave::study {

void scale_link(plan::Problem& problem, double factor) {
  problem.link.up_mbps *= factor;
  problem.link.down_mbps *= factor;
}

void load_server(plan::Problem& problem, double factor) {
  profile::Profile& cloud = problem.cloud;
  for (auto* costs : {&cloud.head, &cloud.tail, &cloud.layer})
    for (auto& cost : *costs)
      if (cost) cost->median_ms *= factor;
  for (profile::GroupCost& group : cloud.groups) group.cost.median_ms *= factor;
  cloud.whole_ms *= factor;
  cloud.slowdown *= factor;  // what decoding is measured by
}

}  // namespace cleave::study
