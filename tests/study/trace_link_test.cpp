#include "study/trace_link.h"

#include <gtest/gtest.h>

#include "plan/energy_model.h"

namespace cleave::study {
namespace {

wire::LinkTrace trace() {
  using std::chrono::milliseconds;
  return {{{Nanos(0), 1, 4, 100},
           {milliseconds(300), 4, 2, std::nullopt},
           {milliseconds(400), 10, 20, 10}},
          Nanos(milliseconds(1000))};
}

/// What sending costs at each point, weighed by how long it lasts.
template <class Cost>
double average(const Link& base, Cost&& cost) {
  const wire::LinkTrace t = trace();
  const double shares[] = {0.3, 0.1, 0.6};
  double sum = 0;
  for (std::size_t i = 0; i < t.points.size(); ++i) {
    Link link = base;
    link.up_mbps = t.points[i].up_mbps;
    link.down_mbps = t.points[i].down_mbps;
    link.rtt_ms = t.points[i].rtt_ms.value_or(base.rtt_ms);
    sum += shares[i] * cost(link);
  }
  return sum;
}

TEST(TraceLink, ExpectedCostsAreThoseOfOneLink) {
  const Link base = *parse_link("4g:rtt=40");
  const Link mean = expected_link(trace(), base).value();
  for (const double up : {0.0, 1000.0, 50'000.0}) {
    for (const double down : {0.0, 4000.0}) {
      const auto ms = [&](const Link& l) { return l.up_ms(up) + l.down_ms(down) + l.rtt_ms; };
      const auto mj = [&](const Link& l) { return plan::radio_energy_mj(l, up, down); };
      EXPECT_NEAR(ms(mean), average(base, ms), 1e-9);
      EXPECT_NEAR(mj(mean), average(base, mj), 1e-9);
    }
  }
}

TEST(TraceLink, WorstIsNoBetterThanAnyMoment) {
  const Link base = *parse_link("4g:rtt=40");
  const WorstLink worst = worst_link(trace(), base).value();
  EXPECT_EQ(worst.link.up_mbps, 1);
  EXPECT_EQ(worst.link.down_mbps, 2);
  EXPECT_EQ(worst.link.rtt_ms, 100);
  EXPECT_FALSE(worst.one_moment) << "the rate down is lowest at another time";
  wire::LinkTrace same = trace();
  same.points[1].down_mbps = 5;
  EXPECT_TRUE(worst_link(same, base)->one_moment);
}

TEST(TraceLink, ALastPointThatHoldsCountsAsTheOthersDo) {
  wire::LinkTrace t = trace();
  t.period.reset();
  t.points.pop_back();  // 300 ms of the first, then the second for ever
  const Link mean = expected_link(t, *parse_link("4g")).value();
  EXPECT_NEAR(mean.up_mbps, 2 / (1 / 1.0 + 1 / 4.0), 1e-9);
  t.points.pop_back();
  EXPECT_NEAR(expected_link(t, *parse_link("4g"))->up_mbps, 1, 1e-9);
}

TEST(TraceLink, ARateOfZeroHasNoAverage) {
  wire::LinkTrace t = trace();
  t.points[1].up_mbps = 0;
  EXPECT_EQ(expected_link(t, *parse_link("4g")).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(worst_link(t, *parse_link("4g")).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::study
