#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "plan/schedule.h"

namespace cleave::plan {

/// A step of a network of any shape, with its time on either side.
struct DagNode {
  std::int64_t id = 0;
  double device_ms = 0;
  double cloud_ms = 0;
  std::optional<Side> pin;  ///< where it has to run
};

/// What a node makes and others read. It is sent once, however many read it.
struct DagValue {
  std::size_t from = 0;         ///< a node, by position
  std::vector<std::size_t> to;  ///< nodes, by position, each once
  double upload_ms = 0;         ///< where the maker is on the device and some reader in the cloud
  double download_ms = 0;       ///< the other way round
};

/// Where to run each node of a network of any shape: the cost is that of every node on its side,
/// and of every value that crosses, once in each direction that it crosses in.
struct DagProblem {
  std::vector<DagNode> nodes;
  std::vector<DagValue> values;
  /// No value may come back from the cloud, but to nodes that are pinned.
  bool monotone = false;
};

inline constexpr std::size_t kMaxDagNodes = 1'000'000;

/// Fails with kInvalidArgument when the problem has no nodes or too many, an id twice, a cost that
/// is not finite or below 0, a reader twice, or a cycle.
Result<void> check(const DagProblem& problem);

/// The cost of an assignment, in ms, summed up the long way. Nothing where it breaks a pin or comes
/// back against the rule.
std::optional<double> cost_of(const DagProblem& problem, const std::vector<Side>& sides);

/// A side for each node, in the order of the problem.
struct DagSolution {
  std::vector<Side> sides;
  double cost_ms = 0;
};

}  // namespace cleave::plan
