#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/schedule.h"
#include "plan/solver.h"

namespace cleave::plan {

/// A value that layers hand on. It lies where it was made, and on the other side too from the
/// moment that a layer there first reads it.
struct SentValue {
  std::string name;          ///< for people
  int made_by = 0;           ///< a layer; 0: an input, which lies on the device
  std::vector<int> readers;  ///< layers after it, ascending; layers + 1: the caller, on the device
  std::optional<Transfer> upload;    ///< nothing: it cannot be sent there
  std::optional<Transfer> download;  ///< nothing: it cannot be sent back
  /// Of an input, in place of `upload` before anything has run: how the device sends what it has
  /// not touched.
  std::optional<Transfer> upload_untouched = {};
};

/// How a value is sent; `untouched` before anything has run.
inline const std::optional<Transfer>& sending(const SentValue& value, Side to, bool untouched) {
  if (to == Side::kDevice) return value.download;
  return untouched && value.upload_untouched ? value.upload_untouched : value.upload;
}

/// The scheduling of a network in groups, where layers read what others further back have made: the
/// graph of thesis figure 2.6 with the residual blocks of figure 2.7, and any other skip. A chain
/// is the case where each value is read by the next layer alone.
///
/// Before a group runs, those of its inputs that are not on its side are sent there, all in one
/// request: that costs each value's transfer and once `request_up` or `request_down`.
struct NetworkProblem {
  int layers = 0;
  std::vector<Group> device;
  std::vector<Group> cloud;
  std::vector<SentValue> values;
  Transfer request_up;
  Transfer request_down;
  /// No two neighbouring groups on one side. Measured costs have noise, and the cheapest way to sum
  /// a stretch up from small groups would be the one whose groups were lucky.
  bool whole_stretches = false;
  Limits limits;
  Objective objective = Objective::kLatency;
};

/// Fails when a problem breaks what its comments say: kInvalidArgument, naming what was found and
/// what was expected.
Result<void> check(const NetworkProblem& problem);

/// A group of a schedule, or what is sent before one, or the answer.
struct ScheduleStep {
  Side side = Side::kDevice;  ///< where it runs, or is sent to
  int first = 0;              ///< layers; 0: a transfer
  int last = 0;
  std::vector<std::size_t> sent;  ///< values, by position; empty: a group
  Spent cost;                     ///< of the group
  Transfer transfer;              ///< of the values, or of the group's update
  double memory_bytes = 0;        ///< of the group; 0: not known

  bool is_group() const { return sent.empty(); }
};

/// A schedule's steps in running order; fails as evaluate().
Result<std::vector<ScheduleStep>> steps_of(const NetworkProblem& problem,
                                           const std::vector<ScheduledGroup>& groups);

/// Sums a schedule up the long way. Fails with kInvalidArgument when a group is not listed, the
/// layers are not covered in order, or a value would have to be sent that cannot be.
Result<Schedule> evaluate(const NetworkProblem& problem, std::vector<ScheduledGroup> groups);

/// The best schedule, exact with any limits and any skips.
/// Solver: labels that carry, beside their sums, where each live value lies; one is dropped when
/// another has spent no more and has every value where the first has it. Thesis figure 2.7 doubles
/// the chain of a residual block for the two places of the block's input; labels do that for any
/// number of values at once, as far as they are met. Optimality: exact. Cost: near linear in the
/// groups where few values live at once; exponential in those in the worst case. Deterministic.
/// Errors: what check() finds; kUnsupported when more than 64 values live between two layers;
/// kResourceExhausted after 4 million labels.
Result<Solution> solve(const NetworkProblem& problem);

/// Every schedule within the limits that no other beats in latency, energy and bytes at once, one
/// for each such triple, by rising latency. The problem's objective is not looked at. As solve().
Result<std::vector<Schedule>> pareto_front(const NetworkProblem& problem);

}  // namespace cleave::plan
