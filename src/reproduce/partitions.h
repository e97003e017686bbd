#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/planner.h"
#include "reproduce/pair.h"

// Networks with a unit at one of their cuts: what Algorithm 2 (thesis chapter 3) and Algorithm 3
// (chapter 4) choose among.

namespace cleave::reproduce {

/// What a unit leaves of a value. A butterfly unit (figure 3.2) has stride 1; a bottleneck unit
/// (figures 4.2 and 4.3) of stride s has a filter of the next odd number above s: 4.2.1 asks for
/// w_f > w/w' and no more.
struct UnitShape {
  int channels = 1;  ///< D_r, c'
  int stride = 1;    ///< s
};

/// Numbers that cross for a value of 1×C×H×W. A side that the stride does not divide is rounded up.
std::int64_t code_values(const Shape& value, const UnitShape& unit);
/// Multiply-accumulates of the reduction; the restoration, its mirror image, has as many.
double reduction_macs(const Shape& value, const UnitShape& unit);

/// A network with a unit behind one of its blocks.
struct Partition {
  std::string place;    ///< "RB8"
  std::size_t cut = 0;  ///< layers before the unit
  Shape value;          ///< what the unit reads and restores
  UnitShape unit;
  double sent_bytes = 0;
};

/// What a network's blocks are: residual ones, RB1, RB2, …, or convolutions, C1, C2, ….
enum class Blocks { kResidual, kConvolutions };
/// The layers that end a block, by index.
std::vector<std::size_t> block_ends(const graph::Model& model, Blocks blocks);
std::string block_name(Blocks blocks, std::size_t block);
/// The cuts behind them.
std::vector<std::size_t> cuts_behind(const graph::Model& model, Blocks blocks);

/// A unit behind a block, and what it makes.
struct Sent {
  std::size_t block = 1;  ///< from 1
  UnitShape unit;
  double bytes = 0;  ///< 0: eight bits for each number of the code
};
/// kInvalidArgument where the network has no such block.
Result<std::vector<Partition>> partitions_of(const graph::Model& model, Blocks blocks,
                                             const std::vector<Sent>& sent);

/// K_mobile and K_cloud: a time t without load takes (1 + K)·t. The thesis does not say more of
/// them than that they are 0 where there is no congestion (4.3.2).
struct Load {
  double mobile = 0;
  double cloud = 0;
};

/// What is compared in one setting.
struct Partitioned {
  std::string network;
  std::string link;
  plan::Candidate mobile_only;
  plan::Candidate cloud_only;
  std::vector<Partition> partitions;
  std::vector<plan::Candidate> costs;  ///< of each
  std::size_t fastest = 0;             ///< partition that the algorithm selects for latency
  std::size_t most_frugal = 0;         ///< for energy
};

/// The selection phase of both algorithms, by plan::rank_cuts: argmin of TM + TU + TC, or of
/// TM·PM + TU·PU. TM ends with the reduction, TC begins with the restoration; the layers of both
/// take the network's own time for a product. Bytes over the rate are all that the link takes: no
/// round trip, no headers, no answer (TU_j = F_j / NB). PM is what table 3.5's mobile-only says.
/// Fails as plan::rank_cuts(), and where nothing is to be chosen among or, as budget_ended() tells,
/// what is compared has no costs.
Result<Partitioned> select_partition(const Network& network, const Costs& costs,
                                     const std::vector<Partition>& partitions,
                                     double cloud_only_bytes, const Link& link,
                                     const Load& load = {});

/// Whether a selection failed because the measuring ended before all that is compared had costs.
bool budget_ended(const Error& error);

/// The same over each of link_presets(), whose rates and powers are those of tables 3.3 and 4.1.
Result<std::vector<Partitioned>> over_links(const Network& network, const Costs& costs,
                                            const std::vector<Partition>& partitions,
                                            double cloud_only_bytes, const Load& load = {});

/// Every way of some settings, a row each: those of pair `pair` under the name `table`.
std::string partitions_csv(std::string_view pair, std::string_view table,
                           const std::vector<Partitioned>& settings);
inline constexpr std::string_view kPartitionsHeader =
    "pair,table,network,link,place,channels,stride,bytes,ms,mj,selected_for\n";

}  // namespace cleave::reproduce
