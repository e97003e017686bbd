#include "plan/planner.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "plan/scaling.h"

namespace cleave::plan {
namespace {

profile::Cost cost(double ms, int samples = 9) { return {ms, ms, ms, samples}; }

profile::Profile profile_of(const std::vector<double>& heads, const std::vector<double>& tails) {
  profile::Profile p;
  p.model_name = "net";
  p.model_sha256 = "feed";
  for (std::size_t i = 0; i + 1 < heads.size(); ++i)
    p.layer_names.push_back("l" + std::to_string(i));
  for (const double ms : heads) p.head.emplace_back(cost(ms));
  for (const double ms : tails) p.tail.emplace_back(cost(ms));
  return p;
}

/// Three layers. A device five times slower than the server, 8 Mbit/s up (1 kB a ms), 16 down.
Problem by_hand() {
  Problem p;
  p.device = profile_of({0, 10, 25, 50}, {50, 40, 25, 0});
  p.device.slowdown = 5;
  p.cloud = profile_of({0, 2, 5, 10}, {10, 8, 5, 0});
  p.link = {"by hand", 8, 16, 20, {100, 50, 1000}};
  p.energy.compute_mw = 2000;
  p.codec = {CodecCost{30000, 1, 3}, CodecCost{8000, 0.4, 0.6}, CodecCost{2000, 0.2, 0.3},
             std::nullopt};
  p.answer_bytes = 3600;
  p.request_overhead_bytes = 200;
  p.answer_overhead_bytes = 400;
  return p;
}

TEST(CostModel, SplitByHand) {
  const Candidate c = evaluate(by_hand(), 1).value();
  EXPECT_EQ(c.strategy, Strategy::kSplit);
  EXPECT_DOUBLE_EQ(c.terms.head_ms, 10);
  EXPECT_DOUBLE_EQ(c.terms.encode_ms, 2) << "on the emulated device, five times slower";
  EXPECT_DOUBLE_EQ(c.terms.up_ms, 8.2 + 10) << "8200 bytes at 1000 a ms, half the round trip";
  EXPECT_DOUBLE_EQ(c.terms.decode_ms, 0.6);
  EXPECT_DOUBLE_EQ(c.terms.tail_ms, 8);
  EXPECT_DOUBLE_EQ(c.terms.down_ms, 2 + 10);
  EXPECT_DOUBLE_EQ(c.latency_ms, 10 + 2 + 18.2 + 0.6 + 8 + 12);
  // 2 W for 12 ms; (100 · 8 + 1000) mW for 8.2 ms; (50 · 16 + 1000) mW for 2 ms.
  EXPECT_NEAR(c.energy_mj, 24 + 1.8 * 8.2 + 1.8 * 2, 1e-9);
  EXPECT_FALSE(c.interpolated);
}

TEST(CostModel, CloudOnlyAndDeviceOnlyByHand) {
  const Candidate cloud = evaluate(by_hand(), 0).value();
  EXPECT_EQ(cloud.strategy, Strategy::kCloud);
  EXPECT_DOUBLE_EQ(cloud.latency_ms, 5 + (30.2 + 10) + 3 + 10 + 12);
  EXPECT_NEAR(cloud.energy_mj, 2 * 5 + 1.8 * 30.2 + 1.8 * 2, 1e-9);
  const Candidate device = evaluate(by_hand(), 3).value();
  EXPECT_EQ(device.strategy, Strategy::kDevice);
  EXPECT_DOUBLE_EQ(device.latency_ms, 50);
  EXPECT_DOUBLE_EQ(device.energy_mj, 100) << "no radio";
  EXPECT_DOUBLE_EQ(device.bytes_up + device.bytes_down, 0);
  EXPECT_EQ(evaluate(by_hand(), 4), std::nullopt);
}

// Equation 2.21 with the numbers of table 2.3, worked by hand: 4G up, 438.39 mW per Mbit/s at 5.85
// Mbit/s and 1288.04 mW; and down, 51.97 mW at 13.76.
TEST(CostModel, EnergyOfTheThesisRadios) {
  const Link lte = parse_link("4g").value();
  EXPECT_NEAR(lte.radio.up_mw(lte.up_mbps), 438.39 * 5.85 + 1288.04, 1e-6);
  EXPECT_NEAR(lte.radio.down_mw(lte.down_mbps), 51.97 * 13.76 + 1288.04, 1e-6);
  const double up_ms = 1000 * 8 / 5850.0;
  EXPECT_NEAR(device_energy_mj({0}, lte, 0, 1000, 0), (438.39 * 5.85 + 1288.04) * up_ms / 1000,
              1e-9);
  EXPECT_EQ(device_energy_mj({0}, lte, 7, 0, 0), 0) << "an idle radio costs nothing";
  EXPECT_NEAR(device_energy_mj({}, lte, 15.7, 0, 0), 20.5, 1e-9)
      << "the default is the thesis' device";
}

TEST(CostModel, TheTailIsCountedOnceWhereTheLinkWasUsed) {
  Problem p = by_hand();
  p.link.radio.tail_ms = 40;
  p.link.radio.tail_mw = 500;
  const Problem without = by_hand();
  for (const std::size_t cut : {0U, 1U})
    EXPECT_NEAR(evaluate(p, cut)->energy_mj, evaluate(without, cut)->energy_mj + 20, 1e-9);
  EXPECT_EQ(evaluate(p, 1)->latency_ms, evaluate(without, 1)->latency_ms) << "nobody waits for it";
  EXPECT_EQ(evaluate(p, 3)->energy_mj, evaluate(without, 3)->energy_mj) << "no link, no tail";
}

TEST(CostModel, LoadsMultiplyTimesOfTheirSide) {
  Problem loaded = by_hand();
  load_device(loaded, 3);
  load_server(loaded, 2);
  const Candidate c = evaluate(loaded, 1).value();
  EXPECT_DOUBLE_EQ(c.terms.head_ms, 3 * 10);
  EXPECT_DOUBLE_EQ(c.terms.encode_ms, 3 * 2);
  EXPECT_DOUBLE_EQ(c.terms.up_ms, 8.2 + 10) << "the link is not loaded";
  EXPECT_DOUBLE_EQ(c.terms.decode_ms, 2 * 0.6);
  EXPECT_DOUBLE_EQ(c.terms.tail_ms, 2 * 8);
  EXPECT_DOUBLE_EQ(evaluate(loaded, 3)->latency_ms, 3 * 50);
}

TEST(CostModel, MissingAndInterpolatedCosts) {
  Problem p = by_hand();
  p.cloud.tail[1] = cost(8, 0);
  EXPECT_TRUE(evaluate(p, 1)->interpolated);
  p.cloud.tail[1].reset();
  EXPECT_EQ(evaluate(p, 1), std::nullopt);
  p.codec[2].reset();
  EXPECT_EQ(evaluate(p, 2), std::nullopt);
  p.device.head[3].reset();
  EXPECT_EQ(evaluate(p, 3), std::nullopt);
  const auto ranking = rank_cuts(p, Objective::kLatency).value();
  ASSERT_EQ(ranking.size(), 1U);
  EXPECT_EQ(ranking[0].strategy, Strategy::kCloud);
}

TEST(FittingWays, LeavesOutWhatDoesNotFit) {
  Problem p = by_hand();
  for (std::size_t k = 0; k <= 3; ++k) {
    p.device.head[k]->memory_bytes = static_cast<std::int64_t>(10 * k);
    p.cloud.tail[k]->memory_bytes = static_cast<std::int64_t>(10 * (3 - k));
  }
  const auto ranking = rank_cuts(p, Objective::kLatency).value();
  Limits limits;
  limits.deadline_ms = 0;
  EXPECT_EQ(fitting_ways(ranking, limits).ways.size(), 4u) << "other limits are marked instead";
  limits.device_memory_bytes = 20;
  limits.cloud_memory_bytes = 20;
  FittingWays fitting = fitting_ways(ranking, limits);
  ASSERT_EQ(fitting.ways.size(), 2u);
  for (const Candidate& c : fitting.ways) EXPECT_EQ(c.device_memory_bytes, 10.0 * c.cut);
  EXPECT_EQ(fitting.left_out, 2u);
  limits.cloud_memory_bytes = 5;
  limits.device_memory_bytes = 19;
  fitting = fitting_ways(ranking, limits);
  EXPECT_TRUE(fitting.ways.empty());
  EXPECT_EQ(fitting.nearest->cut, 2u) << "one byte there and five here, against eleven";
  EXPECT_EQ(to_json(*fitting.nearest)["cloud_memory_bytes"], 10);
  EXPECT_FALSE(to_json(evaluate(p, 0).value()).contains("device_memory_bytes"));
}

/// The best way found without the cost model: latency and energy written out again.
std::pair<double, double> brute_force(const Problem& p, std::size_t k) {
  const double device_ms = p.device.head[k]->median_ms;
  const double mw = p.energy.compute_mw;
  if (k == p.device.layers()) return {device_ms, mw * device_ms / 1000};
  const Link& l = p.link;
  const double busy_ms = device_ms + p.codec[k]->encode_ms * p.device.slowdown;
  const double up_ms = (p.codec[k]->payload_bytes + p.request_overhead_bytes) / (l.up_mbps * 125);
  const double down_ms = (p.answer_bytes + p.answer_overhead_bytes) / (l.down_mbps * 125);
  const double server_ms = p.codec[k]->decode_ms * p.cloud.slowdown + p.cloud.tail[k]->median_ms;
  const double uj = mw * busy_ms +
                    (l.radio.alpha_up_mw_per_mbps * l.up_mbps + l.radio.beta_mw) * up_ms +
                    (l.radio.alpha_down_mw_per_mbps * l.down_mbps + l.radio.beta_mw) * down_ms;
  return {busy_ms + up_ms + server_ms + down_ms + l.rtt_ms, uj / 1000};
}

Problem random_problem(Random& random) {
  const std::size_t n = 1 + random.below(20);
  const auto draw = [&](double high) {
    std::vector<double> values(n + 1);
    for (double& v : values) v = random.uniform(0, high);
    return values;
  };
  Problem p;
  p.device = profile_of(draw(100), draw(100));
  p.cloud = profile_of(draw(20), draw(20));
  p.device.slowdown = random.uniform(1, 10);
  p.link = {"r",
            random.uniform(1, 50),
            random.uniform(1, 50),
            random.uniform(0, 100),
            {random.uniform(0, 500), random.uniform(0, 100), random.uniform(0, 1500)}};
  for (std::size_t k = 0; k <= n; ++k)
    p.codec.push_back(
        CodecCost{random.uniform(0, 1e6), random.uniform(0, 2), random.uniform(0, 2)});
  p.answer_bytes = random.uniform(0, 1e5);
  p.request_overhead_bytes = 190;
  p.answer_overhead_bytes = 330;
  return p;
}

TEST(Planner, RankingIsTheBruteForceOne) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    const Problem p = random_problem(random);
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy}) {
      std::vector<std::pair<double, std::size_t>> expected;
      for (std::size_t k = 0; k <= p.device.layers(); ++k) {
        const auto [ms, mj] = brute_force(p, k);
        expected.emplace_back(objective == Objective::kLatency ? ms : mj, k);
      }
      std::ranges::sort(expected);
      const auto ranking = rank_cuts(p, objective).value();
      ASSERT_EQ(ranking.size(), expected.size());
      for (std::size_t i = 0; i < ranking.size(); ++i) {
        EXPECT_EQ(ranking[i].cut, expected[i].second);
        EXPECT_NEAR(objective_value(ranking[i], objective), expected[i].first, 1e-6);
      }
    }
  }
}

TEST(Planner, TiesGoToTheSmallerCut) {
  Problem p = by_hand();
  p.device = profile_of({0, 0, 0, 0}, {0, 0, 0, 0});
  p.cloud = p.device;
  p.link.rtt_ms = 0;
  p.codec.assign(4, CodecCost{});
  p.answer_bytes = p.request_overhead_bytes = p.answer_overhead_bytes = 0;
  const auto ranking = rank_cuts(p, Objective::kLatency).value();
  for (std::size_t i = 0; i < ranking.size(); ++i) EXPECT_EQ(ranking[i].cut, i);
}

TEST(Planner, RefusesWhatDoesNotBelongTogether) {
  Problem other = by_hand();
  other.cloud.model_sha256 = "beef";
  EXPECT_EQ(rank_cuts(other, Objective::kLatency).error().code, ErrorCode::kInvalidArgument);
  Problem shorter = by_hand();
  shorter.codec.pop_back();
  EXPECT_EQ(rank_cuts(shorter, Objective::kLatency).error().code, ErrorCode::kInvalidArgument);
  Problem empty = by_hand();
  empty.device.head.assign(4, std::nullopt);
  EXPECT_EQ(rank_cuts(empty, Objective::kLatency).error().code, ErrorCode::kNotFound);
}

TEST(Planner, WritesTheRanking) {
  const Problem p = by_hand();
  const auto ranking = rank_cuts(p, Objective::kEnergy).value();
  const Json json = to_json(p, Objective::kEnergy, ranking);
  EXPECT_EQ(json["format"], "cleave-plan/1");
  EXPECT_EQ(json["objective"], "energy");
  EXPECT_EQ(json["energy_is"], "modelled");
  EXPECT_EQ(json["energy_model"], to_json(p.energy, p.link));
  EXPECT_EQ(json["device"]["emulated_slowdown"], 5);
  ASSERT_EQ(json["ranking"].size(), ranking.size());
  EXPECT_EQ(json["ranking"][0]["cut"], ranking[0].cut);
  EXPECT_EQ(parse_objective("energy").value(), Objective::kEnergy);
  EXPECT_FALSE(parse_objective("both"));
}

}  // namespace
}  // namespace cleave::plan
