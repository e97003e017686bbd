#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "profile/profile.h"

namespace cleave::profile {

/// Rest before a timed run, in ms: a device or server that waited for its next request runs it with
/// cold caches and sleeping workers, a third slower than one that never stops and on some virtual
/// machines several times. About what a frame waits for the network on Wi-Fi.
inline constexpr double kIdleMs = 20;

struct MeasureOptions {
  engine::EngineOptions engine;
  double slowdown = 1;   ///< above 1: an emulated device, that sleeps after each run
  double budget_s = 30;  ///< what cannot be measured within it is interpolated
  int rounds = 9;        ///< runs of each group
  double idle_ms =
      kIdleMs;  ///< rest before each run; an emulated device rests as long as it sleeps
  bool heads = true;
  bool tails = true;
  bool layers = true;
  /// Other runs of layers, first and last from 1; measured before all else, in this order.
  std::vector<std::pair<int, int>> groups;
  std::vector<Tensor>
      inputs;  ///< one per input of the network; its values are those of the intermediates
  /// Told after each batch: groups measured, groups in all. May be empty.
  std::function<void(int, int)> progress;
};

/// Measures the network's heads, tails and single layers, each compiled and run as the fused group
/// that it will be (a group costs less than the sum of its layers: thesis 2.2.1, figure 2.3).
///
/// Groups are measured in batches that stay compiled together. Within a batch every round runs each
/// group once, in rotated order, so that drift hits all alike; the whole network takes part in
/// every batch and its median there, over its median in all, corrects for drift between batches.
/// Cuts come in bisecting order; heads and tails that do not fit the budget are interpolated along
/// the operations between measured neighbours and marked so, single layers that do not fit are left
/// out.
///
/// A group's memory is what the process's allocator holds more of once the group is compiled and
/// has run: that is its own, whatever else is compiled beside it. Heads and tails that do not fit
/// the budget get an estimate (GroupMemory).
Result<Profile> measure(const graph::Model& model, engine::Engine& engine,
                        const MeasureOptions& options, Clock& clock);

/// Fails with kInvalidArgument when a profile is of another machine or engine than this.
Result<void> check_is_of_here(const Profile& profile, const engine::Engine& engine);

/// Measures groups on this machine's profile's terms and puts them into it, in the place of what it
/// held of them; how the whole network's median compares with the profile's corrects for drift
/// since then. `options` gives the inputs, rounds and rest. Fails with kInvalidArgument when the
/// profile is of another network, machine or engine.
Result<void> add_groups(Profile& profile, const graph::Model& model, engine::Engine& engine,
                        MeasureOptions options, Clock& clock);

}  // namespace cleave::profile
