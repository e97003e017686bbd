#include "profile/group_memory.h"

#include <algorithm>
#include <limits>

namespace cleave::profile {

GroupMemory::GroupMemory(const Profile& profile, const graph::Model& model)
    : costs_(profile), parameters_(1, 0) {
  for (const graph::Layer& layer : model.layers())
    parameters_.push_back(parameters_.back() + static_cast<double>(layer.parameter_bytes));
  shared_bytes_ = parameters_.back() - static_cast<double>(model.totals().parameter_bytes);
  const std::size_t n = profile.layers();
  constexpr double kUnknown = std::numeric_limits<double>::infinity();
  Least least{kUnknown, kUnknown};
  heads_.resize(n + 1);
  for (std::size_t k = n + 1; k-- > 1;) {
    shrink(least, profile.head[k], parameters_[k]);
    heads_[k] = least;
  }
  least = {kUnknown, kUnknown};
  for (std::size_t k = 0; k < n; ++k) {
    shrink(least, profile.tail[k], parameters_[n] - parameters_[k]);
    tails_.push_back(least);
  }
}

double GroupMemory::of(int first, int last) const {
  const auto cost = costs_.of(first, last);
  if (cost && cost->memory_bytes) return static_cast<double>(*cost->memory_bytes);
  const auto from = static_cast<std::size_t>(first) - 1;
  const auto to = static_cast<std::size_t>(last);
  const double own_bytes = parameters_[to] - parameters_[from];
  // What the group shares with layers around it stays when they are left out.
  const double beyond =
      std::min(heads_[to].beyond_parameters, tails_[from].beyond_parameters) + shared_bytes_;
  return std::min({own_bytes + beyond, heads_[to].bytes, tails_[from].bytes});
}

void GroupMemory::shrink(Least& least, const std::optional<Cost>& cost, double parameter_bytes) {
  if (!cost || !cost->memory_bytes) return;
  const auto bytes = static_cast<double>(*cost->memory_bytes);
  least.bytes = std::min(least.bytes, bytes);
  least.beyond_parameters =
      std::min(least.beyond_parameters, std::max(0.0, bytes - parameter_bytes));
}

}  // namespace cleave::profile
