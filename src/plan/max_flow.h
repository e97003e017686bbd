#pragma once

// Maximum flow and minimum cut on whole numbers. Private to the module.
#include <cstdint>
#include <vector>

namespace cleave::plan {

/// A flow network under construction, then solved once. Dinic's algorithm: flows are blocked level
/// by level. Capacities are whole numbers, so that rounding can neither leave a residue nor keep it
/// from ending. Cost: O(V^2 E) at worst, close to linear on networks whose arcs mostly lead to the
/// terminals. Deterministic.
class FlowNetwork {
 public:
  using Capacity = std::int64_t;
  /// Arcs of this capacity are never cut, as long as all others together stay below it.
  static constexpr Capacity kInfinite = Capacity{1} << 61;

  explicit FlowNetwork(std::size_t vertices) : arcs_of_(vertices) {}

  /// An arc, and one back of capacity `back`.
  void add_arc(std::size_t from, std::size_t to, Capacity capacity, Capacity back = 0);

  /// Finds a maximum flow; then in_source_side() tells the minimum cut with the largest sink side.
  void solve(std::size_t source, std::size_t sink);
  bool in_source_side(std::size_t vertex) const { return level_[vertex] >= 0; }

 private:
  struct Arc {
    std::size_t to;
    Capacity left;
  };

  bool find_levels(std::size_t source, std::size_t sink);
  void block(std::size_t source, std::size_t sink);

  std::vector<Arc> arcs_;  // those of even number with their reverse behind
  std::vector<std::vector<std::uint32_t>> arcs_of_;
  std::vector<int> level_;
  std::vector<std::size_t> next_;
};

}  // namespace cleave::plan
