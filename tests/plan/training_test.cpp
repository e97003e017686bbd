#include "plan/training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "plan/all_schedules.h"

namespace cleave::plan {
namespace {

const Transfer kSent{{1, 0.5}, 100};
const Transfer kWeights{{40, 4}, 4000};

/// Layers of 10 ms on the device and 1 ms in the cloud; the input is dear to send, what follows is
/// cheap.
NetworkProblem chain(int layers) {
  NetworkProblem p;
  p.layers = layers;
  p.whole_stretches = true;
  for (int i = 1; i <= layers; ++i) {
    for (int j = i; j <= layers; ++j) {
      p.device.push_back({i, j, {10.0 * (j - i + 1), 1.0 * (j - i + 1)}});
      p.cloud.push_back({i, j, {1.0 * (j - i + 1), 0}});
    }
  }
  for (int k = 0; k <= layers; ++k) p.values.push_back({"v", k, {k + 1}, kSent, kSent});
  p.values[0].upload = Transfer{{100, 50}, 10000};
  return p;
}

TrainingOptions weights(int layers, double share) {
  TrainingOptions options;
  options.weights.assign(
      static_cast<std::size_t>(layers),
      {{kWeights.cost.ms * share, kWeights.cost.mj * share}, kWeights.bytes * share});
  return options;
}

TEST(Training, DeviceAloneCostsTheForwardAndTheBackwardPass) {
  const NetworkProblem p = training_problem(chain(3), weights(3, 1)).value();
  EXPECT_EQ(p.layers, 6);
  const Schedule s = evaluate(p, {{1, 6, Side::kDevice}}).value();
  EXPECT_DOUBLE_EQ(s.latency_ms, 30 + 2 * 30);
  EXPECT_DOUBLE_EQ(s.energy_mj, 3 + 2 * 3);
  EXPECT_DOUBLE_EQ(s.bytes, 0);
}

TEST(Training, WeightsOfTheWholeCloudGroupComeDown) {
  const NetworkProblem p = training_problem(chain(3), weights(3, 0.5)).value();
  // Layer 1 forward on the device, 2 and 3 and their gradients in the cloud, 1's again here.
  const Schedule s =
      evaluate(p, {{1, 1, Side::kDevice}, {2, 5, Side::kCloud}, {6, 6, Side::kDevice}}).value();
  EXPECT_DOUBLE_EQ(s.latency_ms, 10 + 1 + (2 + 2 * 2) + 2 * 20 + 1 + 2 * 10);
  EXPECT_DOUBLE_EQ(s.bytes, 100 + 2 * 2000 + 100) << "a value up, weights of two, a gradient down";
  EXPECT_DOUBLE_EQ(s.cloud_ms, 2 + 2 * 2);
}

// Thesis figure 2.10 (a): with the share of updated weights the cost grows, until the device does
// the backward pass alone.
TEST(Training, CostGrowsWithTheShareUntilTheBackwardPassStays) {
  double before = 0;
  std::vector<double> costs;
  for (const double share : {0.0, 0.05, 0.1, 0.3, 0.6, 1.0}) {
    const Solution s = solve(training_problem(chain(6), weights(6, share)).value()).value();
    ASSERT_EQ(s.status, Status::kOptimal);
    EXPECT_GE(s.schedule.latency_ms, before);
    before = s.schedule.latency_ms;
    costs.push_back(before);
  }
  EXPECT_LT(costs.front(), costs.back());
  EXPECT_DOUBLE_EQ(costs[4], costs[5]);
}

TEST(Training, SolvesAsBruteForceDoesWithSkips) {
  Random random(31);
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    NetworkProblem inference = chain(3);
    inference.whole_stretches = random.below(2) == 0;
    for (auto* groups : {&inference.device, &inference.cloud})
      for (Group& g : *groups) g.cost.ms *= random.uniform(0.1, 3);
    if (random.below(2) == 0) inference.values[1].readers = {2, 3};
    if (random.below(2) == 0) inference.values[2].readers = {3, 4};
    const NetworkProblem p =
        training_problem(inference, weights(3, random.uniform(0, 0.5))).value();
    double best = 1e300;
    for_each_schedule(p, [&](const Schedule& s) { best = std::min(best, s.latency_ms); });
    ASSERT_NEAR(solve(p).value().schedule.latency_ms, best, 1e-9 * best);
  }
}

TEST(Training, WeightsComeDownInAnAnswerOfTheirOwn) {
  NetworkProblem inference = chain(2);
  inference.request_down = {{25, 3}, 230};
  const auto down = [&](double share) {
    const auto p = training_problem(inference, weights(2, share)).value();
    return evaluate(p, {{1, 4, Side::kCloud}}).value();
  };
  EXPECT_DOUBLE_EQ(down(1).bytes - down(0).bytes, 2 * 4000 + 230);
  EXPECT_DOUBLE_EQ(down(1).latency_ms - down(0).latency_ms, 2 * 40 + 25);
}

TEST(Training, WantsTheWeightsOfEveryLayer) {
  const auto result = training_problem(chain(3), weights(2, 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  TrainingOptions options = weights(3, 1);
  options.backward_over_forward = std::nan("");
  EXPECT_FALSE(training_problem(chain(3), options));
}

}  // namespace
}  // namespace cleave::plan
