#pragma once

#include <string>
#include <vector>

#include "reproduce/figure.h"
#include "reproduce/unit_tables.h"

namespace cleave::reproduce {

/// What each block of a network hands on, in bytes of 8 bits a number, the picture first.
struct BlockSizes {
  std::string network;
  std::vector<std::string> names;
  std::vector<double> bytes;
  /// The first block that hands on less than the picture; empty where none does.
  std::string first_below_input() const;
};
BlockSizes block_sizes(const Network& network, Blocks blocks);

/// Figures 3.5 and 4.5.
Figure size_figure(std::string name, const std::vector<BlockSizes>& networks);

/// A table over the residual blocks as lines, latency and energy, a column of panels for each link:
/// ours beside theirs or, without theirs, beside the network on one side alone.
Figure table_figure(std::string name, std::string title, const UnitTable* theirs, const Pair& pair,
                    const std::vector<Partitioned>& settings);

/// How far ours are from a row of a table, as a mean of |ours - theirs| / theirs, in percent.
double off_percent(const UnitTable& theirs, const std::vector<Partitioned>& settings,
                   plan::Objective objective);

/// Which block is selected for latency while the server is (1 + K) times as slow: 3.3.3.
struct LoadStep {
  double slower = 1;
  std::array<std::size_t, 3> block{};  ///< from 1, by link
};
Result<std::vector<LoadStep>> load_sweep(const Network& network, const Costs& costs,
                                         const std::vector<Partition>& partitions,
                                         double cloud_only_bytes);
Figure load_figure(std::string name, const Pair& pair, const std::vector<LoadStep>& steps);
/// "RB8 to RB14, RB1 to RB8, …", by link.
std::string load_text(const std::vector<LoadStep>& steps);

}  // namespace cleave::reproduce
