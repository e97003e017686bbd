#include "plan/tiers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "plan/network_problem.h"
#include "plan/random_schedules.h"

namespace cleave::plan {
namespace {

TierProblem random_tiers(Random& random, int max_layers) {
  TierProblem p;
  p.layers = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(max_layers)));
  p.tiers.resize(2 + random.below(3));
  const bool whole = random.below(2) == 0;
  const auto cost = [&] {
    return whole ? static_cast<double>(random.below(5)) : random.uniform(0, 10);
  };
  const double density = random.uniform(0.4, 1.2);
  for (auto& groups : p.tiers) {
    for (int i = 1; i <= p.layers; ++i)
      for (int j = i; j <= p.layers; ++j)
        if (random.uniform(0, 1) < density) groups.push_back({i, j, {cost() * 3, cost()}});
  }
  p.send.assign(p.tiers.size(), {});
  for (auto& from : p.send) {
    from.resize(p.tiers.size());
    for (auto& boundaries : from) {
      for (int k = 0; k <= p.layers; ++k) {
        boundaries.emplace_back(Transfer{{cost(), cost()}, cost()});
        if (random.below(8) == 0) boundaries.back().reset();
      }
    }
  }
  p.objective = static_cast<Objective>(random.below(3));
  return p;
}

double cost_of(const TierSchedule& s, Objective objective) {
  return objective == Objective::kLatency  ? s.latency_ms
         : objective == Objective::kEnergy ? s.energy_mj
                                           : s.bytes;
}

TEST(Tiers, SolvesAsBruteForceDoes) {
  Random random(41);
  int unreachable = 0;
  constexpr int kProblems = 2000;
  for (int i = 0; i < kProblems; ++i) {
    SCOPED_TRACE(i);
    const TierProblem p = random_tiers(random, 4);
    double best = -1;
    std::vector<TierGroup> chosen;
    const std::function<void(int)> extend = [&](int next) {
      if (next > p.layers) {
        const auto s = evaluate(p, chosen);
        if (s && (best < 0 || cost_of(*s, p.objective) < best)) best = cost_of(*s, p.objective);
        return;
      }
      for (std::size_t t = 0; t < p.tiers.size(); ++t) {
        for (const Group& g : p.tiers[t]) {
          if (g.first != next || (!chosen.empty() && chosen.back().tier == t)) continue;
          chosen.push_back({g.first, g.last, t});
          extend(g.last + 1);
          chosen.pop_back();
        }
      }
    };
    extend(1);
    const auto found = solve(p);
    ASSERT_TRUE(found) << found.error().to_string();
    ASSERT_EQ(found->groups.empty(), best < 0);
    unreachable += best < 0 ? 1 : 0;
    if (best < 0) continue;
    ASSERT_NEAR(cost_of(*found, p.objective), best, 1e-9 * (1 + best));
  }
  EXPECT_GT(unreachable, 0);
  EXPECT_LT(unreachable, kProblems / 2);
}

// Two tiers are the device and the cloud.
TEST(Tiers, TwoAreAChain) {
  Random random(42);
  for (int i = 0; i < 1000; ++i) {
    SCOPED_TRACE(i);
    ScheduleProblem chain = random_problem(random, 6);
    NetworkProblem network;
    network.layers = chain.layers;
    network.device = chain.device;
    network.cloud = chain.cloud;
    network.whole_stretches = true;
    network.objective = chain.objective;
    for (Group& g : network.cloud) g.update = {};
    TierProblem p{chain.layers, {network.device, network.cloud}, {}, chain.objective};
    p.send.assign(2, std::vector<std::vector<std::optional<Transfer>>>(
                         2, std::vector<std::optional<Transfer>>(chain.upload.size())));
    for (std::size_t k = 0; k < chain.upload.size(); ++k) {
      p.send[0][1][k] = Transfer{chain.upload[k], 0};
      p.send[1][0][k] = Transfer{chain.download[k], 0};
      network.values.push_back(
          {"v", static_cast<int>(k), {static_cast<int>(k) + 1}, p.send[0][1][k], p.send[1][0][k]});
    }
    const Solution expected = solve(network).value();
    const TierSchedule found = solve(p).value();
    ASSERT_EQ(found.groups.empty(), expected.status == Status::kInfeasible);
    ASSERT_NEAR(cost_of(found, p.objective), expected.lower_bound,
                1e-9 * (1 + expected.lower_bound));
  }
}

TEST(Tiers, BadProblemsAreRefused) {
  Random random(43);
  const TierProblem good = random_tiers(random, 3);
  const auto refused = [&](const std::function<void(TierProblem&)>& spoil) {
    TierProblem p = good;
    spoil(p);
    const auto result = solve(p);
    return !result && result.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto& p) { p.layers = 0; }));
  EXPECT_TRUE(refused([](auto& p) { p.tiers.resize(1); }));
  EXPECT_TRUE(refused([](auto& p) { p.send.pop_back(); }));
  EXPECT_TRUE(refused([](auto& p) { p.send[0].pop_back(); }));
  EXPECT_TRUE(refused([](auto& p) { p.send[0][1].pop_back(); }));
  EXPECT_TRUE(refused([](auto& p) { p.send[0][1][0] = Transfer{{-1, 0}, 0}; }));
  EXPECT_TRUE(refused([](auto& p) { p.send[0][1][0] = Transfer{{0, 0}, -1}; }));
  EXPECT_TRUE(refused([](auto& p) { p.tiers[0].push_back({0, 1, {}}); }));
}

}  // namespace
}  // namespace cleave::plan
