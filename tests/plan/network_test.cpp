// Schedules of networks with skips: against brute force, and against the chain that they extend.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "plan/all_schedules.h"
#include "plan/network_problem.h"
#include "plan/random_schedules.h"

namespace cleave::plan {
namespace {

/// The chain as a network: each value is read by the next layer alone.
NetworkProblem as_network(const ScheduleProblem& chain) {
  NetworkProblem p;
  p.layers = chain.layers;
  p.device = chain.device;
  p.cloud = chain.cloud;
  p.limits = chain.limits;
  p.objective = chain.objective;
  for (int k = 0; k <= chain.layers; ++k) {
    const auto i = static_cast<std::size_t>(k);
    p.values.push_back(
        {"", k, {k + 1}, Transfer{chain.upload[i], 0}, Transfer{chain.download[i], 0}});
  }
  return p;
}

/// Groups of up to four bytes a layer, and limits on one side or both.
void limit_memory(Random& random, NetworkProblem& p) {
  for (auto* groups : {&p.device, &p.cloud}) {
    for (Group& g : *groups) {
      const auto most = 4 * (g.last - g.first + 1) + 1;
      g.memory_bytes = static_cast<double>(random.below(static_cast<std::uint64_t>(most)));
    }
  }
  const auto limit = [&] { return std::floor(random.uniform(0, 4) * p.layers); };
  const auto sides = random.below(3);
  if (sides != 0) p.limits.device_memory_bytes = limit();
  if (sides != 1) p.limits.cloud_memory_bytes = limit();
}

/// A chain with random skips, values that nobody reads, inputs and answers in the middle.
NetworkProblem random_network(Random& random, int max_layers) {
  NetworkProblem p = as_network(random_problem(random, max_layers));
  const auto bytes = [&] { return static_cast<double>(random.below(4)); };
  for (SentValue& v : p.values) {
    v.upload->bytes = bytes();
    v.download->bytes = bytes();
    if (random.below(10) == 0) v.upload.reset();
    if (v.made_by == 0 && random.below(2) == 0) v.upload_untouched = Transfer{{bytes(), 1}, 2};
    if (random.below(10) == 0) v.download.reset();
    if (random.below(8) == 0) v.readers.clear();
    for (int reader = v.made_by + 1; reader <= p.layers + 1; ++reader) {
      if (random.below(5) == 0) v.readers.push_back(reader);
    }
    std::ranges::sort(v.readers);
    const auto again = std::ranges::unique(v.readers);
    v.readers.erase(again.begin(), again.end());
  }
  if (random.below(2) == 0) {
    p.request_up = {{random.uniform(0, 3), random.uniform(0, 3)}, bytes()};
    p.request_down = {{random.uniform(0, 3), random.uniform(0, 3)}, bytes()};
  }
  p.objective = static_cast<Objective>(random.below(3));
  p.whole_stretches = random.below(2) == 0;
  if (random.below(2) == 0) limit_memory(random, p);
  return p;
}

TEST(Network, SolvesAsBruteForceDoes) {
  Random random(21);
  int infeasible = 0;
  for (int i = 0; i < kProblems; ++i) {
    const NetworkProblem p = random_network(random, 5);
    SCOPED_TRACE(std::to_string(i));
    double best = -1;
    for_each_schedule(p, [&](const Schedule& s) {
      const double cost = objective_of(s, p.objective);
      if (within(s, p.limits) && (best < 0 || cost < best)) best = cost;
    });
    const auto found = solve(p);
    ASSERT_TRUE(found) << found.error().to_string();
    ASSERT_EQ(found->status == Status::kInfeasible, best < 0);
    infeasible += best < 0 ? 1 : 0;
    if (best < 0) continue;
    const Schedule again = evaluate(p, found->schedule.groups).value();
    EXPECT_NEAR(again.latency_ms, found->schedule.latency_ms, 1e-9);
    EXPECT_NEAR(again.energy_mj, found->schedule.energy_mj, 1e-9);
    EXPECT_NEAR(again.cloud_ms, found->schedule.cloud_ms, 1e-9);
    EXPECT_NEAR(again.bytes, found->schedule.bytes, 1e-9);
    EXPECT_EQ(again.device_memory_bytes, found->schedule.device_memory_bytes);
    EXPECT_EQ(again.cloud_memory_bytes, found->schedule.cloud_memory_bytes);
    EXPECT_TRUE(within(again, p.limits));
    ASSERT_NEAR(objective_of(again, p.objective), best, 1e-9 * (1 + best));
  }
  EXPECT_GT(infeasible, kProblems / 100);
  EXPECT_LT(infeasible, kProblems * 9 / 10);
}

TEST(Network, AChainIsTheCaseWithoutSkips) {
  Random random(22);
  for (int i = 0; i < kProblems; ++i) {
    const ScheduleProblem chain = random_problem(random, 9);
    SCOPED_TRACE(std::to_string(i));
    const Solution a = solve(chain).value().solution;
    const Solution b = solve(as_network(chain)).value();
    ASSERT_EQ(status_name(a.status), status_name(b.status));
    ASSERT_NEAR(a.lower_bound, b.lower_bound, 1e-9 * (1 + a.lower_bound));
  }
}

TEST(Network, TheFrontIsWhatNothingBeats) {
  Random random(23);
  std::size_t most = 0;
  for (int i = 0; i < 2000; ++i) {
    const NetworkProblem p = random_network(random, 4);
    SCOPED_TRACE(std::to_string(i));
    std::vector<Schedule> all;
    for_each_schedule(p, [&](const Schedule& s) {
      if (within(s, p.limits)) all.push_back(s);
    });
    const auto no_worse = [](const Schedule& a, const Schedule& b) {
      constexpr double kRounding = 1e-9;
      return a.latency_ms <= b.latency_ms + kRounding && a.energy_mj <= b.energy_mj + kRounding &&
             a.bytes <= b.bytes + kRounding;
    };
    const std::vector<Schedule> front = pareto_front(p).value();
    most = std::max(most, front.size());
    for (const Schedule& s : all) {
      EXPECT_TRUE(std::ranges::any_of(front, [&](const auto& f) { return no_worse(f, s); }));
    }
    for (const Schedule& a : front) {
      for (const Schedule& b : front) {
        const bool beaten =
            a.latency_ms <= b.latency_ms && a.energy_mj <= b.energy_mj && a.bytes <= b.bytes;
        ASSERT_TRUE(&a == &b || !beaten);
      }
    }
    for (std::size_t a = 0; a < front.size(); ++a) {
      EXPECT_TRUE(within(evaluate(p, front[a].groups).value(), p.limits));
      EXPECT_GE(front[a].latency_ms, front[a > 0 ? a - 1 : 0].latency_ms);
    }
  }
  EXPECT_GT(most, 3u);
}

// Thesis figure 2.7: a block of three layers whose input is added to its output. While the block is
// in the cloud its input stays on the device as well, and need not come back for the sum there.
TEST(Network, ABlocksInputIsSentOnlyWhereItIsRead) {
  const Transfer sent{{10, 1}, 100};
  NetworkProblem p;
  p.layers = 4;
  p.device = {{1, 1, {1, 1}}, {2, 3, {90, 9}}, {4, 4, {1, 1}}};
  p.cloud = {{2, 3, {1, 0}}, {4, 4, {50, 0}}};
  p.values = {{"input", 0, {1}, sent, sent},
              {"block", 1, {2, 4}, sent, sent},
              {"branch", 3, {4}, sent, sent},
              {"sum", 4, {5}, sent, sent}};
  const Solution s = solve(p).value();
  const std::vector<ScheduledGroup> expected{
      {1, 1, Side::kDevice}, {2, 3, Side::kCloud}, {4, 4, Side::kDevice}};
  EXPECT_EQ(s.schedule.groups, expected);
  EXPECT_DOUBLE_EQ(s.schedule.latency_ms, 1 + 10 + 1 + 10 + 1);
  EXPECT_DOUBLE_EQ(s.schedule.bytes, 200);
}

// The device could take either of its groups, but both stay compiled.
TEST(Network, MemoryAddsUpOnEachSide) {
  NetworkProblem p;
  p.layers = 3;
  p.device = {{1, 1, {1, 0}, {}, 50}, {3, 3, {1, 0}, {}, 50}};
  p.cloud = {{2, 2, {1, 0}, {}, 10}, {2, 3, {9, 0}, {}, 30}};
  const Transfer sent{{1, 1}, 1};
  for (int k = 0; k <= 3; ++k) p.values.push_back({"", k, {k + 1}, sent, sent});
  p.limits.device_memory_bytes = 100;
  Schedule s = solve(p).value().schedule;
  EXPECT_EQ(s.groups.size(), 3u);
  EXPECT_EQ(s.device_memory_bytes, 100);
  EXPECT_EQ(s.cloud_memory_bytes, 10);
  p.limits.device_memory_bytes = 99;
  s = solve(p).value().schedule;
  EXPECT_EQ(s.groups.size(), 2u);
  EXPECT_EQ(s.cloud_memory_bytes, 30);
  p.limits.cloud_memory_bytes = 29;
  EXPECT_EQ(solve(p).value().status, Status::kInfeasible);
  EXPECT_TRUE(pareto_front(p).value().empty());
}

TEST(Network, WhatLivesInsideAStretchAloneTakesNoPlace) {
  NetworkProblem p;
  p.layers = 3;
  p.device = {{1, 3, {5, 1}}};
  for (int i = 0; i < 100; ++i) p.values.push_back({"", 1, {3}, {}, {}});
  EXPECT_DOUBLE_EQ(solve(p).value().schedule.latency_ms, 5);
  p.device.push_back({1, 2, {1, 1}});
  p.device.push_back({3, 3, {1, 1}});
  EXPECT_EQ(solve(p).error().code, ErrorCode::kUnsupported);
}

TEST(Network, BadProblemsAreRefused) {
  Random random(24);
  const NetworkProblem good = as_network(random_problem(random, 4));
  const auto refused = [&](const std::function<void(NetworkProblem&)>& spoil) {
    NetworkProblem p = good;
    spoil(p);
    const auto result = solve(p);
    return !result && result.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto& p) { p.layers = 0; }));
  EXPECT_TRUE(refused([](auto& p) { p.layers = 1'000'000'000; }));
  EXPECT_TRUE(refused([](auto& p) { p.device.push_back({0, 1, {}}); }));
  EXPECT_TRUE(refused([](auto& p) { p.values[0].made_by = -1; }));
  EXPECT_TRUE(refused([](auto& p) { p.values[0].readers = {0}; }));
  EXPECT_TRUE(refused([](auto& p) { p.values[0].readers = {p.layers + 2}; }));
  EXPECT_TRUE(refused([](auto& p) { p.values[0].upload->cost.ms = -1; }));
  EXPECT_TRUE(refused([](auto& p) { p.values[0].download->bytes = std::nan(""); }));
  EXPECT_TRUE(refused([](auto& p) { p.request_up.cost.mj = -1; }));
  EXPECT_TRUE(refused([](auto& p) { p.limits.deadline_ms = -1; }));
  EXPECT_TRUE(refused([](auto& p) { p.limits.device_memory_bytes = -1; }));
  EXPECT_TRUE(refused([](auto& p) { p.limits.cloud_memory_bytes = std::nan(""); }));
  EXPECT_TRUE(refused([](auto& p) { p.device = {{1, 1, {}, {}, -1}}; }));
  NetworkProblem wide;
  wide.layers = 1;
  wide.device = {{1, 1, {1, 1}}};
  for (int i = 0; i < 65; ++i) wide.values.push_back({"", 0, {1}, {}, {}});
  EXPECT_EQ(solve(wide).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace cleave::plan
