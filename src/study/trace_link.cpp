#include "study/trace_link.h"

#include <algorithm>
#include <ranges>

namespace cleave::study {
namespace {

Result<void> check(const wire::LinkTrace& trace) {
  for (const wire::TracePoint& point : trace.points) {
    if (point.up_mbps > 0 && point.down_mbps > 0) continue;
    return fail(ErrorCode::kInvalidArgument, "study.trace",
                "the trace has a rate of 0 at " + std::to_string(to_ms(point.at)) +
                    " ms, expected rates above 0: what is sent then would never arrive");
  }
  return {};
}

/// How long each point lasts, in ms.
std::vector<double> durations_ms(const wire::LinkTrace& trace) {
  std::vector<double> list;
  const auto& points = trace.points;
  for (std::size_t i = 0; i + 1 < points.size(); ++i)
    list.push_back(to_ms(points[i + 1].at - points[i].at));
  const double before = points.size() > 1 ? to_ms(points.back().at) : 1;
  const auto others = static_cast<double>(std::max<std::size_t>(list.size(), 1));
  list.push_back(trace.period ? to_ms(*trace.period - points.back().at) : before / others);
  return list;
}

}  // namespace

Result<Link> expected_link(const wire::LinkTrace& trace, const Link& link) {
  CLEAVE_CHECK(check(trace));
  const std::vector<double> ms = durations_ms(trace);
  double all = 0;
  double over_up = 0;
  double over_down = 0;
  double rtt = 0;
  for (std::size_t i = 0; i < ms.size(); ++i) {
    const wire::TracePoint& point = trace.points[i];
    all += ms[i];
    over_up += ms[i] / point.up_mbps;
    over_down += ms[i] / point.down_mbps;
    rtt += ms[i] * point.rtt_ms.value_or(link.rtt_ms);
  }
  Link mean = link;
  mean.up_mbps = all / over_up;
  mean.down_mbps = all / over_down;
  mean.rtt_ms = rtt / all;
  return mean;
}

Result<WorstLink> worst_link(const wire::LinkTrace& trace, const Link& link) {
  CLEAVE_CHECK(check(trace));
  const auto rtt_of = [&](const wire::TracePoint& p) { return p.rtt_ms.value_or(link.rtt_ms); };
  WorstLink worst{link, false};
  worst.link.up_mbps =
      std::ranges::min(trace.points | std::views::transform(&wire::TracePoint::up_mbps));
  worst.link.down_mbps =
      std::ranges::min(trace.points | std::views::transform(&wire::TracePoint::down_mbps));
  worst.link.rtt_ms = std::ranges::max(trace.points | std::views::transform(rtt_of));
  worst.one_moment = std::ranges::any_of(trace.points, [&](const wire::TracePoint& p) {
    return p.up_mbps == worst.link.up_mbps && p.down_mbps == worst.link.down_mbps &&
           rtt_of(p) == worst.link.rtt_ms;
  });
  return worst;
}

}  // namespace cleave::study
