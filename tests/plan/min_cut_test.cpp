// The minimum cut against every assignment.
#include "plan/min_cut.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace cleave::plan {
namespace {

/// A random network of any shape; small whole costs in half of them, pins in some.
DagProblem random_dag(Random& random, std::size_t max_nodes) {
  DagProblem p;
  const bool whole = random.below(2) == 0;
  const auto cost = [&] {
    return whole ? static_cast<double>(random.below(6)) : random.uniform(0, 10);
  };
  const std::size_t nodes = 1 + random.below(max_nodes);
  const double pinned = random.below(2) == 0 ? 0 : 0.3;
  for (std::size_t i = 0; i < nodes; ++i) {
    DagNode node{static_cast<std::int64_t>(i), cost() * 2, cost(), std::nullopt};
    if (random.uniform() < pinned) node.pin = random.below(2) == 0 ? Side::kDevice : Side::kCloud;
    p.nodes.push_back(node);
  }
  for (std::size_t i = 0; i + 1 < nodes; ++i) {
    for (std::uint64_t values = random.below(3); values > 0; --values) {
      DagValue value{i, {}, cost(), cost()};
      for (std::size_t reader = i + 1; reader < nodes; ++reader)
        if (random.below(3) == 0) value.to.push_back(reader);
      p.values.push_back(value);
    }
  }
  p.monotone = random.below(2) == 0;
  return p;
}

double brute_force(const DagProblem& p) {
  double best = std::numeric_limits<double>::infinity();
  std::vector<Side> sides(p.nodes.size());
  for (std::uint32_t bits = 0; bits < 1U << p.nodes.size(); ++bits) {
    for (std::size_t i = 0; i < sides.size(); ++i)
      sides[i] = (bits >> i & 1U) != 0 ? Side::kCloud : Side::kDevice;
    if (const auto cost = cost_of(p, sides)) best = std::min(best, *cost);
  }
  return best;
}

TEST(MinCut, IsTheBestOfAllAssignments) {
  Random random(11);
  int mixed = 0;
  int several = 0;
  for (int i = 0; i < 2000; ++i) {
    const DagProblem p = random_dag(random, i % 20 == 0 ? 14 : 9);
    SCOPED_TRACE(i);
    ASSERT_TRUE(check(p));
    const DagSolution found = min_cut(p);
    const auto cost = cost_of(p, found.sides);
    ASSERT_TRUE(cost);
    EXPECT_EQ(*cost, found.cost_ms);
    const double best = brute_force(p);
    ASSERT_NEAR(found.cost_ms, best, 1e-9 * (1 + best));
    const auto in_cloud = std::ranges::count(found.sides, Side::kCloud);
    mixed += in_cloud > 0 && in_cloud < static_cast<std::ptrdiff_t>(p.nodes.size()) ? 1 : 0;
    several += std::ranges::any_of(p.values, [&](const DagValue& v) {
      return found.sides[v.from] == Side::kCloud &&
             std::ranges::any_of(v.to, [&](auto r) { return found.sides[r] == Side::kDevice; });
    });
  }
  EXPECT_GT(mixed, 300);
  EXPECT_GT(several, 100) << "values that came back";
}

TEST(MinCut, AValueIsSentOnceForAllItsReaders) {
  DagProblem p;
  p.nodes = {{0, 0, 0, Side::kDevice}, {1, 9, 1, {}}, {2, 9, 1, {}}, {3, 9, 1, {}}};
  p.values = {{0, {1, 2, 3}, 5, 0}};
  EXPECT_EQ(min_cut(p).cost_ms, 5 + 3);
}

TEST(MinCut, MonotoneKeepsValuesFromComingBackButToPins) {
  DagProblem p;
  p.nodes = {{0, 0, 9, {}}, {1, 9, 0, {}}, {2, 0, 9, {}}, {3, 0, 0, Side::kDevice}};
  p.values = {{0, {1}, 1, 1}, {1, {2}, 1, 1}, {2, {3}, 1, 1}};
  EXPECT_EQ(min_cut(p).cost_ms, 2);
  p.monotone = true;
  EXPECT_EQ(min_cut(p).cost_ms, 9);
}

TEST(MinCut, WhatMakesNoSenseIsRefused) {
  const auto refused = [](DagProblem p) { return check(p).error().message; };
  DagProblem p;
  EXPECT_NE(refused(p).find("0 nodes"), std::string::npos);
  p.nodes = {{7, 1, 1, {}}, {8, 1, 1, {}}};
  ASSERT_TRUE(check(p));
  DagProblem bad = p;
  bad.nodes[1].id = 7;
  EXPECT_NE(refused(bad).find("node 7 is listed twice"), std::string::npos);
  bad = p;
  bad.nodes[0].cloud_ms = -1;
  EXPECT_NE(refused(bad).find("cloud_ms of node 7 is -1"), std::string::npos);
  bad = p;
  bad.nodes[0].device_ms = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(check(bad));
  bad = p;
  bad.values = {{0, {1}, 1, 1}, {1, {0}, 1, 1}};
  EXPECT_NE(refused(bad).find("cycle"), std::string::npos);
  bad.values = {{0, {0}, 1, 1}};
  EXPECT_NE(refused(bad).find("cycle"), std::string::npos);
  bad.values = {{0, {1, 1}, 1, 1}};
  EXPECT_NE(refused(bad).find("node 8 twice"), std::string::npos);
}

}  // namespace
}  // namespace cleave::plan
