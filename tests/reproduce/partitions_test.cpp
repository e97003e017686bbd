#include "reproduce/partitions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/openvino_engine.h"
#include "reproduce/gpu.h"
#include "reproduce/unit_figures.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;

// Figure 3.5's values, and table 3.4's bytes behind them. What 7 is halved to is rounded up.
TEST(Units, MakeTheBytesOfTheTables) {
  const Shape rb1{1, 256, 56, 56};
  const Shape rb16{1, 2048, 7, 7};
  EXPECT_EQ(code_values(rb1, {.channels = 1}), 3136);
  EXPECT_EQ(code_values({1, 512, 28, 28}, {.channels = 2}), 1568);
  EXPECT_EQ(code_values({1, 1024, 14, 14}, {.channels = 5}), 980);
  EXPECT_EQ(code_values(rb16, {.channels = 10}), 490);
  // 4.3.2: (56, 56, 256) becomes (28, 28, 5).
  EXPECT_EQ(code_values(rb1, {.channels = 5, .stride = 2}), 28 * 28 * 5);
  EXPECT_EQ(code_values(rb16, {.channels = 10, .stride = 2}), 4 * 4 * 10);
}

TEST(Units, CostTheirConvolutions) {
  const Shape rb1{1, 256, 56, 56};
  EXPECT_EQ(reduction_macs(rb1, {.channels = 2}), 56 * 56 * 256 * 2);
  EXPECT_EQ(reduction_macs(rb1, {.channels = 5, .stride = 2}),
            28 * 28 * (3 * 3 * 256 * 256 + 256 * 5));
  EXPECT_EQ(reduction_macs(rb1, {.channels = 1, .stride = 4}), 14 * 14 * (5 * 5 * 256 * 256 + 256));
}

// 3.3.2 and 4.3.2 print how many times better their selections are than cloud-only.
TEST(Tables, AgreeWithTheirText) {
  const auto rounded = [](const std::array<double, 3>& gains, double scale) {
    std::array<double, 3> list{};
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = std::round(gains[i] * scale) / scale;
    return list;
  };
  using Three = std::array<double, 3>;
  EXPECT_EQ(rounded(latency_gains(thesis_table_3_5()), 1), (Three{77, 40, 41}));
  EXPECT_EQ(rounded(energy_gains(thesis_table_3_5()), 1), (Three{80, 54, 71}));
  EXPECT_EQ(rounded(latency_gains(paper_table_5()), 1), (Three{63, 21, 8}));
  EXPECT_EQ(rounded(energy_gains(paper_table_5()), 1), (Three{47, 41, 32}));
  Three latency{};
  Three energy{};
  for (std::size_t l = 0; l < latency.size(); ++l) {
    const Selection resnet = thesis_table_4_2_resnet();
    const Selection vgg = thesis_table_4_2_vgg();
    latency[l] = (latency_gains(resnet)[l] + latency_gains(vgg)[l]) / 2;
    energy[l] = (energy_gains(resnet)[l] + energy_gains(vgg)[l]) / 2;
  }
  EXPECT_NEAR(latency[0], 10.6, 0.06);
  EXPECT_NEAR(latency[1], 3.4, 0.06);
  EXPECT_NEAR(latency[2], 1.3, 0.06);
  EXPECT_NEAR(energy[0], 8.2, 0.06);
  EXPECT_NEAR(energy[1], 6.5, 0.06);
  EXPECT_NEAR(energy[2], 5.9, 0.06);
}

/// Which block a row of a table is best at, from 0.
std::size_t best_of(const std::array<double, kResidualBlocks>& row) {
  return static_cast<std::size_t>(std::ranges::min_element(row) - row.begin());
}

TEST(Tables, AreBestWhereTheSelectionsAre) {
  const Selection thesis = thesis_table_3_5();
  const Selection paper = paper_table_5();
  for (const Objective objective : {Objective::kLatency, Objective::kEnergy})
    for (std::size_t l = 0; l < 3; ++l) {
      const auto place = [&](const UnitTable& table) {
        return block_name(Blocks::kResidual, best_of(table.row(objective, l)) + 1);
      };
      EXPECT_EQ(place(kThesisTable34), thesis.links[l].fastest);
      EXPECT_EQ(place(kPaperTable4), paper.links[l].fastest);
    }
}

class ResNet50 : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    engine_ = engine::make_openvino_engine();
    network_ = std::make_unique<Network>(
        make_network(kResNet50, build(kResNet50).value(), 1, *engine_).value());
  }
  static void TearDownTestSuite() {
    network_.reset();
    engine_.reset();
  }
  static std::vector<Partition> partitions(const std::vector<Sent>& sent) {
    return partitions_of(network_->model, Blocks::kResidual, sent).value();
  }

  /// Of a device that takes so long to the first block's end and for each block behind it, and of a
  /// server that is 30 times as fast.
  static Costs planted(double first_ms, double block_ms) {
    Costs costs = tensorrt_pair().costs(*network_).value();
    const auto ends = block_ends(network_->model, Blocks::kResidual);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const double head_ms = first_ms + block_ms * static_cast<double>(i);
      costs.device.head[ends[i] + 1] = profile::Cost{head_ms, head_ms, head_ms, 1};
      const double tail_ms = (kResNet50OnTx2Ms - head_ms) / kGtx1080TiSpeedup;
      costs.cloud.tail[ends[i] + 1] = profile::Cost{tail_ms, tail_ms, tail_ms, 1};
    }
    return costs;
  }

  static std::unique_ptr<engine::Engine> engine_;
  static std::unique_ptr<Network> network_;
};
std::unique_ptr<engine::Engine> ResNet50::engine_;
std::unique_ptr<Network> ResNet50::network_;

// Figure 3.5: every size on its axis, and RB14 as the first below the picture.
TEST_F(ResNet50, HandsOnWhatFigure35Shows) {
  const BlockSizes sizes = block_sizes(*network_, Blocks::kResidual);
  ASSERT_EQ(sizes.bytes.size(), 1 + kResidualBlocks);
  EXPECT_EQ(sizes.bytes.front(), 150528);
  for (std::size_t b = 1; b <= kResidualBlocks; ++b) {
    const double bytes = b <= 3 ? 802816 : b <= 7 ? 401408 : b <= 13 ? 200704 : 100352;
    EXPECT_EQ(sizes.bytes[b], bytes) << "RB" << b;
  }
  EXPECT_EQ(sizes.first_below_input(), "RB14");
}

TEST_F(ResNet50, TakesOnTheDeviceWhatTheThesisSays) {
  const Costs costs = tensorrt_pair().costs(*network_).value();
  EXPECT_NEAR(costs.device.whole_ms, 15.7, 1e-9);
  EXPECT_NEAR(costs.cloud.whole_ms, 15.7 / 30, 1e-9);
  const Benchmark unknown{"ResNet-152", kResNet50.zoo_name};
  const Network other = make_network(unknown, build(kResNet50).value(), 1, *engine_).value();
  EXPECT_EQ(tensorrt_pair().costs(other).error().code, ErrorCode::kInvalidArgument);
}

// Table 3.4: 0.6 ms to RB1's end and 0.93 ms for each block are what is left of its Wi-Fi row
// without bytes over 18.88 Mbit/s. The other rows and the selections then follow.
TEST_F(ResNet50, Table34ComesBackFromTwoNumbers) {
  const auto settings =
      over_links(*network_, planted(0.6, 0.93), partitions(thesis_butterflies()), 150528).value();
  EXPECT_LT(off_percent(kThesisTable34, settings, Objective::kLatency), 2);
  const Selection selection = selection_of(settings);
  const Selection thesis = thesis_table_3_5();
  for (std::size_t l = 0; l < 3; ++l) {
    EXPECT_EQ(selection.links[l].fastest, thesis.links[l].fastest) << l;
    EXPECT_EQ(selection.links[l].sent_bytes, thesis.links[l].sent_bytes) << l;
    EXPECT_NEAR(selection.links[l].ms, thesis.links[l].ms, 0.3) << l;
  }
  // Cloud-only as in table 3.5 on 3G and 4G; on Wi-Fi the link takes 63.8 of its 98.1 ms.
  EXPECT_NEAR(selection.links[0].cloud_ms, 1101, 7);
  EXPECT_NEAR(selection.links[1].cloud_ms, 208.4, 3);
  EXPECT_NEAR(selection.links[2].cloud_ms, 64.3, 0.1);
}

// The sums of both algorithms, by hand.
TEST_F(ResNet50, CostsAreThoseOfTheAlgorithms) {
  const Costs costs = planted(2, 1);
  const std::vector<Sent> sent{{3, {.channels = 1, .stride = 2}, 314}};
  const Link wifi = parse_link("wifi").value();
  const Load load{.mobile = 1, .cloud = 9};
  const Partitioned plain =
      select_partition(*network_, costs, partitions(sent), 1000, wifi).value();
  const Partitioned loaded =
      select_partition(*network_, costs, partitions(sent), 1000, wifi, load).value();
  const double unit_share =
      28 * 28 * (9.0 * 256 * 256 + 256) / static_cast<double>(network_->model.totals().macs);
  const double mobile_ms = 4 + unit_share * 15.7;
  const double cloud_ms = (15.7 - 4) / 30 + unit_share * 15.7 / 30;
  const double up_ms = 314 * 8 / 18880.0;
  EXPECT_NEAR(plain.costs[0].latency_ms, mobile_ms + up_ms + cloud_ms, 1e-9);
  EXPECT_NEAR(loaded.costs[0].latency_ms, 2 * mobile_ms + up_ms + 10 * cloud_ms, 1e-9);
  const double up_mw = 283.17 * 18.88 + 132.86;
  EXPECT_NEAR(plain.costs[0].energy_mj, (mobile_ms * 20.5 / 15.7 * 1000 + up_ms * up_mw) / 1000,
              1e-9);
  EXPECT_NEAR(plain.cloud_only.latency_ms, 1000 * 8 / 18880.0 + 15.7 / 30, 1e-9);
  EXPECT_NEAR(plain.mobile_only.energy_mj, 20.5, 1e-9);
}

// 3.3.3: a congested server moves the place deeper, never back.
TEST_F(ResNet50, ABusyServerMovesThePlaceDeeper) {
  const auto steps =
      load_sweep(*network_, planted(0.6, 0.93), partitions(thesis_butterflies()), 150528).value();
  for (std::size_t i = 1; i < steps.size(); ++i)
    for (std::size_t l = 0; l < 3; ++l) EXPECT_GE(steps[i].block[l], steps[i - 1].block[l]);
  EXPECT_GT(steps.back().block[2], steps.front().block[2]);
}

TEST_F(ResNet50, HasNoSeventeenthBlock) {
  const auto list = partitions_of(network_->model, Blocks::kResidual, {{17, {}}});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::reproduce
