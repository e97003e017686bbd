#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "profile/profile.h"

namespace cleave::profile {

/// What any run of layers costs as one group, from what a profile holds of it: measured where it is
/// a head, a tail, a single layer or a group that was asked for, else estimated.
///
/// An estimate is what heads, and tails, grow by over the group, both made monotone because noise
/// would let a sum of small groups come out under what they are together, and one group's overhead:
/// what the layers cost one by one beyond the whole network, over the number of joints (thesis
/// figure 2.3 shows how far sums of single layers are off).
class GroupCosts {
 public:
  explicit GroupCosts(const Profile& profile);

  /// Layers `first` to `last`, from 1. Nothing where neither a measurement nor heads or tails at
  /// both ends are there.
  std::optional<Cost> of(int first, int last) const;
  bool measured(int first, int last) const { return known(first, last).has_value(); }

 private:
  std::optional<Cost> known(int first, int last) const;

  const Profile& profile_;
  std::map<std::pair<int, int>, Cost> groups_;
  std::vector<std::optional<double>> heads_ms_;  // rising
  std::vector<std::optional<double>> tails_ms_;  // falling
  double overhead_ms_ = 0;
};

}  // namespace cleave::profile
