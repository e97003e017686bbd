#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "plan/objective.h"
#include "reproduce/selection.h"

// What the thesis's chapters 3 and 4 and the BottleNet paper print in tables. Links stand in the
// order of link_presets(): 3G, 4G, Wi-Fi.

namespace cleave::reproduce {

inline constexpr std::size_t kResidualBlocks = 16;  ///< of ResNet-50

/// A unit behind each residual block of ResNet-50.
struct UnitTable {
  std::array<std::array<double, kResidualBlocks>, 3> latency_ms;
  std::array<std::array<double, kResidualBlocks>, 3> energy_mj;
  const std::array<double, kResidualBlocks>& row(plan::Objective objective,
                                                 std::size_t link) const {
    return objective == plan::Objective::kLatency ? latency_ms[link] : energy_mj[link];
  }
};

/// Thesis table 3.4, without its bytes in KB: they follow from D_r.
inline constexpr UnitTable kThesisTable34{
    {{{23.7, 24.7, 25.6, 15.0, 15.9, 16.8, 17.7, 14.3, 15.4, 16.2, 17.1, 17.9, 18.8, 16.1, 17.1,
       17.9},
      {5.2, 6.1, 6.9, 5.8, 6.7, 7.6, 8.5, 8.6, 9.6, 10.5, 11.2, 12.1, 13.1, 13.1, 14.2, 15.1},
      {2.4, 3.3, 4.1, 4.3, 5.2, 6.1, 7.0, 7.7, 8.6, 9.4, 10.7, 11.1, 12.2, 12.9, 13.8, 14.7}}},
    {{{21.6, 22.4, 23.3, 13.7, 14.4, 15.4, 16.2, 13.1, 13.9, 14.7, 15.5, 16.4, 17.2, 14.8, 15.7,
       16.6},
      {9.8, 11.6, 13.2, 10.9, 12.7, 14.3, 15.9, 12.6, 13.1, 14.3, 15.2, 16.3, 17.0, 14.4, 16.8,
       17.2},
      {4.8, 6.8, 8.7, 9.1, 11.2, 13.1, 14.9, 12.1, 12.7, 13.9, 14.8, 15.5, 16.3, 14.1, 16.1,
       16.6}}}};

/// BottleNet paper, table 4.
inline constexpr std::array<double, kResidualBlocks> kPaperTable4Bytes{
    316, 317, 314, 166, 171, 168, 170, 96, 90, 98, 101, 101, 95, 52, 52, 53};
inline constexpr UnitTable kPaperTable4{
    {{{3.1, 4.1, 4.9, 5.2, 6.3, 7.5, 8.2, 9.6, 10.7, 11.6, 12.8, 13.4, 14.8, 15.1, 16.0, 17.1},
      {1.8, 2.5, 3.3, 4.2, 5.0, 5.9, 6.9, 8.6, 9.4, 10.3, 11.9, 12.7, 14.1, 15.0, 15.7, 16.9},
      {1.6, 2.4, 3.0, 4.1, 4.9, 5.8, 6.8, 8.5, 9.3, 10.1, 11.8, 12.6, 14.0, 14.9, 15.7, 16.9}}},
    {{{6.6, 7.6, 8.1, 9.7, 10.8, 11.9, 12.6, 13.9, 14.1, 15.8, 16.1, 17.6, 18.5, 19.8, 20.7, 21.9},
      {4.1, 6.8, 7.0, 8.9, 10.6, 11.3, 12.9, 13.1, 14.0, 15.6, 16.0, 17.1, 18.3, 19.1, 20.3, 21.2},
      {3.5, 5.6, 6.1, 7.4, 9.5, 10.8, 12.3, 12.5, 13.8, 14.9, 15.6, 16.9, 18.1, 19.0, 20.1,
       21.0}}}};

/// Channels of the code behind each residual block for less than 2 points of accuracy lost: 1
/// behind RB1 to RB3, 2 to RB7, 5 to RB13, 10 to RB16 (3.3.2; the paper's 3.2 has the same). Taken
/// from the text, not found again: that takes ResNet-50 trained on miniImageNet.
constexpr int channels_within_2_points(std::size_t block) {
  return block <= 3 ? 1 : block <= 7 ? 2 : block <= 13 ? 5 : 10;
}

/// Table 3.4's units: 8 bits for each number of the code.
std::vector<Sent> thesis_butterflies();
/// Table 4's of the paper: s = 2 behind every block, JPEG's bytes as they are printed.
std::vector<Sent> paper_bottlenecks();

/// What is selected: thesis tables 3.5 and 4.2 (of the two networks), and table 5 of the paper.
Selection thesis_table_3_5();
Selection thesis_table_4_2_resnet();
Selection thesis_table_4_2_vgg();
Selection paper_table_5();

/// Chapter 4's two units for no loss (4.3.2): 5 channels behind RB1, s = 2. Of C2 only the bytes
/// are printed: one channel is taken, which the costs hardly know from any other number.
inline constexpr Sent kThesisRb1{1, {.channels = 5, .stride = 2}, 1580};
inline constexpr Sent kThesisC2{2, {.channels = 1, .stride = 2}, 1720};
/// What cloud-only sends there: a picture as JPEG, of a quality that is not printed.
inline constexpr double kJpegPictureBytes = 26766;

/// How many of a table's energies are smaller than what its own radio (tables 3.3 and 4.1) takes
/// for the bytes alone.
std::size_t below_the_radio(const UnitTable& table, const std::vector<double>& sent_bytes);

}  // namespace cleave::reproduce
