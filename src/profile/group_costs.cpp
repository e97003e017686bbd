#include "profile/group_costs.h"

#include <algorithm>

namespace cleave::profile {
namespace {

/// A group's overhead where single layers were not measured, as a share of the whole network.
constexpr double kOverheadShare = 0.01;

/// The medians, made to rise by averaging neighbours that fall (pool adjacent violators).
std::vector<std::optional<double>> rising(const std::vector<std::optional<Cost>>& costs) {
  struct Pool {
    double sum = 0;
    std::vector<std::size_t> places;
    double mean() const { return sum / static_cast<double>(places.size()); }
  };
  std::vector<Pool> pools;
  for (std::size_t k = 0; k < costs.size(); ++k) {
    if (!costs[k]) continue;
    pools.push_back({costs[k]->median_ms, {k}});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      Pool last = std::move(pools.back());
      pools.pop_back();
      pools.back().sum += last.sum;
      auto& places = pools.back().places;
      places.insert(places.end(), last.places.begin(), last.places.end());
    }
  }
  std::vector<std::optional<double>> medians(costs.size());
  for (const Pool& pool : pools)
    for (const std::size_t k : pool.places) medians[k] = pool.mean();
  return medians;
}

}  // namespace

GroupCosts::GroupCosts(const Profile& profile) : profile_(profile) {
  for (const GroupCost& g : profile.groups) groups_[{g.first, g.last}] = g.cost;
  heads_ms_ = rising(profile.head);
  auto backwards = profile.tail;
  std::ranges::reverse(backwards);
  tails_ms_ = rising(backwards);
  std::ranges::reverse(tails_ms_);
  const auto joints = static_cast<double>(std::max<std::size_t>(profile.layers(), 2) - 1);
  const auto sum_ms = sum_of_layers_ms(profile);
  overhead_ms_ = sum_ms ? std::max(0.0, (*sum_ms - profile.whole_ms) / joints)
                        : profile.whole_ms * kOverheadShare;
}

std::optional<Cost> GroupCosts::known(int first, int last) const {
  const auto from = static_cast<std::size_t>(first) - 1;
  const auto to = static_cast<std::size_t>(last);
  const auto found = groups_.find({first, last});
  if (found != groups_.end()) return found->second;
  const auto measured = [](const std::optional<Cost>& cost) {
    return cost && !cost->interpolated();
  };
  if (from == 0 && measured(profile_.head[to])) return profile_.head[to];
  if (to == profile_.layers() && measured(profile_.tail[from])) return profile_.tail[from];
  if (first == last && from < profile_.layer.size() && measured(profile_.layer[from]))
    return profile_.layer[from];
  return std::nullopt;
}

std::optional<Cost> GroupCosts::of(int first, int last) const {
  if (const auto cost = known(first, last)) return cost;
  const auto from = static_cast<std::size_t>(first) - 1;
  const auto to = static_cast<std::size_t>(last);
  if (from == 0 && profile_.head[to]) return profile_.head[to];
  if (to == profile_.layers() && profile_.tail[from]) return profile_.tail[from];
  double sum_ms = 0;
  int ways = 0;
  const auto grown = [&](const std::optional<double>& less, const std::optional<double>& more) {
    if (!less || !more) return;
    sum_ms += *more - *less;
    ++ways;
  };
  grown(heads_ms_[from], heads_ms_[to]);
  grown(tails_ms_[to], tails_ms_[from]);
  if (ways == 0) return std::nullopt;
  const double ms = sum_ms / ways + overhead_ms_;
  return Cost{ms, ms, ms, 0};
}

}  // namespace cleave::profile
