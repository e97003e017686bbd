#pragma once

#include <optional>
#include <vector>

#include "graph/model.h"
#include "profile/group_costs.h"

namespace cleave::profile {

/// What any run of layers takes in memory as one group, from a profile that knows_memory() of a
/// network: measured where it is a head, a tail, a single layer or a group that was asked for, else
/// estimated.
///
/// Beyond its parameters a group is taken to need as much as the head or tail around it that needs
/// least: its largest activations are among theirs. That errs upwards for groups that leave the
/// largest activations out, up to some times as much, and may err down by a quarter.
class GroupMemory {
 public:
  GroupMemory(const Profile& profile, const graph::Model& model);

  /// Bytes of layers `first` to `last`, from 1.
  double of(int first, int last) const;

 private:
  /// Of all heads from an end on, or of all tails up to a beginning: the least bytes, and the least
  /// beyond parameters.
  struct Least {
    double bytes;
    double beyond_parameters;
  };
  static void shrink(Least& least, const std::optional<Cost>& cost, double parameter_bytes);

  GroupCosts costs_;
  std::vector<double> parameters_;  // bytes of the layers up to each boundary
  double shared_bytes_ = 0;         // parameters of several layers, counted in each
  std::vector<Least> heads_;        // by end
  std::vector<Least> tails_;        // by beginning
};

}  // namespace cleave::profile
