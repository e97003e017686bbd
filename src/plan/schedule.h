#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/objective.h"

namespace cleave::plan {

/// Where a group of layers runs.
enum class Side { kDevice = 0, kCloud = 1 };
std::string_view side_name(Side side);
constexpr Side other(Side side) { return side == Side::kDevice ? Side::kCloud : Side::kDevice; }

/// What running or sending something costs the whole and the device.
struct Spent {
  double ms = 0;
  double mj = 0;
};

/// What sending something costs, and how many bytes it puts on the link.
struct Transfer {
  Spent cost;
  double bytes = 0;
};

/// Layers `first` to `last`, counted from 1, run as one group on one side.
struct Group {
  int first = 1;
  int last = 1;
  Spent cost;  ///< of a cloud group the energy is 0: the device's idling is not counted
  /// What a group of the cloud sends to the device beside its values: the weights that it updates,
  /// in training. Not part of its time in the cloud.
  Transfer update = {};
  double memory_bytes = 0;  ///< on its side, as long as the schedule is in use; 0: not known
};

/// A limit holds when the sum is at most this much, relatively, above it: sums round.
inline constexpr double kLimitSlack = 1e-9;

/// What a schedule must stay within; nothing where there is no limit.
struct Limits {
  std::optional<double> deadline_ms;               ///< of groups and transfers
  std::optional<double> battery_mj;                ///< of device groups and transfers
  std::optional<double> cloud_ms;                  ///< of cloud groups
  std::optional<double> device_memory_bytes = {};  ///< of all device groups: they stay compiled
  std::optional<double> cloud_memory_bytes = {};   ///< of all cloud groups
};

/// The scheduling of a chain of layers in groups (thesis 2.2.2): the nodes of the JointDNN graph
/// with their costs. ME[i][j] and CE[i][j] are `device` and `cloud`, UID and DOD are `upload` and
/// `download`. A group that is not listed cannot be used.
///
/// The input starts on the device and the answer has to end there. A transfer is paid where the
/// side changes: upload[k] and download[k] send the input of layer k + 1, and entry N the final
/// output.
struct ScheduleProblem {
  int layers = 0;
  std::vector<Group> device;
  std::vector<Group> cloud;
  std::vector<Spent> upload;    ///< N + 1
  std::vector<Spent> download;  ///< N + 1
  Limits limits;
  Objective objective = Objective::kLatency;
};

/// Largest chain that a problem may have.
inline constexpr int kMaxLayers = 100'000;

/// Fails when a problem breaks what its comments say: kInvalidArgument, naming what was found and
/// what was expected.
Result<void> check(const ScheduleProblem& problem);
Result<void> check(const Limits& limits);
Result<void> check_cost(const Spent& cost, const std::string& what);
/// Groups of a chain of `layers`, each listed once; `list` names them.
Result<void> check_groups(const std::vector<Group>& groups, int layers, std::string_view list);

struct ScheduledGroup {
  int first = 1;
  int last = 1;
  Side side = Side::kDevice;
  bool operator==(const ScheduledGroup&) const = default;
};

/// The groups, neighbours on one side as one.
std::vector<ScheduledGroup> stretches_of(const std::vector<ScheduledGroup>& groups);

/// Groups in running order, with what they come to.
struct Schedule {
  std::vector<ScheduledGroup> groups;
  double latency_ms = 0;
  double energy_mj = 0;
  double cloud_ms = 0;
  double bytes = 0;  ///< over the link, both ways; 0 where a problem does not know them
  double device_memory_bytes = 0;  ///< the same
  double cloud_memory_bytes = 0;
};

/// The listed groups that a schedule names, in its order. Fails with kInvalidArgument when one is
/// not listed or the layers are not covered in order.
Result<std::vector<Group>> find_groups(const std::vector<Group>& device,
                                       const std::vector<Group>& cloud, int layers,
                                       const std::vector<ScheduledGroup>& groups);

/// Sums a schedule up the long way, from the problem's lists: O(groups listed). Fails with
/// kInvalidArgument when a group is not listed or the layers are not covered in order.
Result<Schedule> evaluate(const ScheduleProblem& problem, std::vector<ScheduledGroup> groups);

double objective_of(const Schedule& schedule, Objective objective);
bool within(const Schedule& schedule, const Limits& limits);
/// Of the limits those on memory alone.
bool fits_memory(const Schedule& schedule, const Limits& limits);

}  // namespace cleave::plan
