#include "edge/ways.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "edge/choice.h"
#include "plan/planner.h"
#include "plan/scaling.h"

namespace cleave::edge {
namespace {

bundle::Manifest random_manifest(Random& random, std::size_t cuts) {
  const auto ms = [&] { return random.uniform(0.1, 60); };
  const auto codec = [&] {
    return plan::CodecCost{random.uniform(500, 200'000), random.uniform(0, 3),
                           random.uniform(0, 3)};
  };
  bundle::Manifest manifest;
  manifest.inputs = {{"x", DType::kF32, {1, 3, 64, 64}}};
  manifest.outputs = {{"y", DType::kF32, {1, 10}}};
  manifest.costs = bundle::WholeCosts{2 * ms(), random.uniform(1, 8), ms(), codec()};
  for (std::size_t i = 0; i < cuts; ++i) {
    bundle::CutEntry cut;
    cut.id = std::to_string(i + 1);
    cut.costs = bundle::CutCosts{ms(), ms(), codec()};
    manifest.cuts.push_back(cut);
  }
  return manifest;
}

/// The latency of every way, worked out by hand from the manifest: cloud, cuts, device.
std::vector<double> latencies(const bundle::Manifest& m, double slowdown, bool as_picture,
                              const Link& link, double load) {
  const auto travel_ms = [&](double payload) {
    return (payload + plan::kRequestOverheadBytes) * 8 / link.up_mbps / 1000 + link.rtt_ms +
           (10 * 4 + plan::kAnswerOverheadBytes) * 8 / link.down_mbps / 1000;
  };
  const double here = slowdown / m.costs->device_slowdown;
  std::vector<double> ms;
  const plan::CodecCost& input = m.costs->input;
  ms.push_back(as_picture ? slowdown * input.encode_ms + travel_ms(input.payload_bytes) +
                                load * (input.decode_ms + m.costs->cloud_ms)
                          : travel_ms(3 * 64 * 64 * 4) + load * m.costs->cloud_ms);
  for (const bundle::CutEntry& cut : m.cuts) {
    const plan::CodecCost& codec = cut.costs->codec;
    ms.push_back(here * cut.costs->head_ms + slowdown * codec.encode_ms +
                 travel_ms(codec.payload_bytes) + load * (codec.decode_ms + cut.costs->tail_ms));
  }
  ms.push_back(here * m.costs->device_ms);
  return ms;
}

TEST(Ways, RankAsWorkedOutByHand) {
  Random random(7);
  std::vector<int> chosen(6);
  for (int round = 0; round < 500; ++round) {
    const std::size_t cuts = 1 + random.below(4);
    const bundle::Manifest manifest = random_manifest(random, cuts);
    const double slowdown = random.uniform(1, 8);
    const bool as_picture = random.below(2) == 0;
    Link link;
    link.up_mbps = random.uniform(0.5, 60);
    link.down_mbps = random.uniform(0.5, 60);
    link.rtt_ms = random.uniform(0, 100);
    const auto costs = costs_from_manifest(manifest, slowdown, as_picture);
    ASSERT_TRUE(costs);
    const double load = random.uniform(0.5, 8);
    plan::Problem problem = make_problem(manifest, *costs, slowdown, link);
    plan::load_server(problem, load);
    const auto ranking = plan::rank_cuts(problem, plan::Objective::kLatency);
    ASSERT_TRUE(ranking) << ranking.error().to_string();
    const std::vector<double> expected = latencies(manifest, slowdown, as_picture, link, load);
    ASSERT_EQ(ranking->size(), expected.size());
    for (const plan::Candidate& c : *ranking) EXPECT_NEAR(c.latency_ms, expected[c.cut], 1e-6);
    const auto best = std::ranges::min_element(expected) - expected.begin();
    const auto way = rank_anew(manifest, slowdown)->way(*costs, {link, load});
    ASSERT_TRUE(way);
    EXPECT_EQ(*way, static_cast<std::size_t>(best));
    ++chosen[*way == cuts + 1 ? 5 : *way];
  }
  EXPECT_GT(chosen[0], 0) << "cloud-only was never the best: the test does not cover it";
  EXPECT_GT(chosen[1], 0);
  EXPECT_GT(chosen[5], 0);
}

TEST(Ways, KnowWhatTheServerIsRecordedToTake) {
  Random random(7);
  const bundle::Manifest manifest = random_manifest(random, 2);
  const WayCosts costs = costs_from_manifest(manifest, 1, true).value();
  EXPECT_DOUBLE_EQ(recorded_server_ms(costs, 0), costs.cloud_ms + costs.input.decode_ms);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_DOUBLE_EQ(recorded_server_ms(costs, i + 1),
                     costs.cuts[i].tail_ms + costs.cuts[i].codec.decode_ms);
  }
  EXPECT_EQ(recorded_server_ms(costs, 3), 0);
}

TEST(Ways, NeedEveryCostOfTheManifest) {
  Random random(7);
  bundle::Manifest manifest = random_manifest(random, 2);
  manifest.cuts[1].costs.reset();
  EXPECT_FALSE(costs_from_manifest(manifest, 1, true));
  manifest = random_manifest(random, 2);
  manifest.costs.reset();
  EXPECT_FALSE(costs_from_manifest(manifest, 1, true));
}

}  // namespace
}  // namespace cleave::edge
