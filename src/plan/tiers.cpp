#include "plan/tiers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.tiers";
constexpr double kUnreachable = std::numeric_limits<double>::infinity();

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidArgument, kPlace, std::move(message));
}

double price(const Transfer& t, Objective objective) {
  switch (objective) {
    case Objective::kLatency:
      return t.cost.ms;
    case Objective::kEnergy:
      return t.cost.mj;
    case Objective::kBytes:
      return t.bytes;
  }
  return t.cost.ms;
}

Result<void> check(const TierProblem& p) {
  if (p.layers < 1 || p.layers > kMaxLayers) {
    return wrong(std::to_string(p.layers) + " layers, expected 1 to " + std::to_string(kMaxLayers));
  }
  if (p.tiers.size() < 2 || p.send.size() != p.tiers.size()) {
    return wrong(std::to_string(p.tiers.size()) + " tiers and sendings from " +
                 std::to_string(p.send.size()) + ", expected two or more and as many");
  }
  for (std::size_t t = 0; t < p.tiers.size(); ++t) {
    CLEAVE_CHECK(check_groups(p.tiers[t], p.layers, "tier " + std::to_string(t)));
    if (p.send[t].size() != p.tiers.size()) return wrong("a tier cannot reach every other");
    for (const auto& boundaries : p.send[t]) {
      if (boundaries.size() != static_cast<std::size_t>(p.layers) + 1)
        return wrong("sendings at " + std::to_string(boundaries.size()) + " boundaries, expected " +
                     std::to_string(p.layers + 1));
      for (const auto& transfer : boundaries) {
        if (!transfer) continue;
        CLEAVE_CHECK(check_cost(transfer->cost, "sending from tier " + std::to_string(t)));
        if (!(transfer->bytes >= 0 && std::isfinite(transfer->bytes)))
          return wrong("bytes that are not a finite number of 0 or more");
      }
    }
  }
  return {};
}

/// The cheapest way to each boundary and tier.
class Paths {
 public:
  explicit Paths(const TierProblem& problem)
      : p_(problem),
        tiers_(problem.tiers.size()),
        ran_(places(), {kUnreachable, 0}),
        ready_(places(), {kUnreachable, 0}) {
    starting_.resize(tiers_, std::vector<std::vector<const Group*>>(boundaries()));
    for (std::size_t t = 0; t < tiers_; ++t)
      for (const Group& g : p_.tiers[t])
        starting_[t][static_cast<std::size_t>(g.first) - 1].push_back(&g);
  }

  std::vector<TierGroup> solve() {
    ready(0, 0) = {0, 0};
    for (std::size_t k = 0; k < boundaries(); ++k) {
      for (std::size_t from = 0; from < tiers_; ++from)
        for (std::size_t to = 0; to < tiers_; ++to) pass_on(k, from, to);
      for (std::size_t t = 0; t < tiers_; ++t) run(k, t);
    }
    return read_back();
  }

 private:
  struct Best {
    double cost;
    std::size_t before;  ///< boundary where the group began, or tier that it was sent from
  };

  std::size_t boundaries() const { return static_cast<std::size_t>(p_.layers) + 1; }
  std::size_t places() const { return boundaries() * tiers_; }
  Best& ran(std::size_t k, std::size_t t) { return ran_[k * tiers_ + t]; }
  Best& ready(std::size_t k, std::size_t t) { return ready_[k * tiers_ + t]; }

  /// What ran on a tier becomes ready on another; the input is so from the device.
  void pass_on(std::size_t k, std::size_t from, std::size_t to) {
    const auto& transfer = p_.send[from][to][k];
    if (from == to || !transfer) return;
    const double begun = k == 0 ? (from == 0 ? 0 : kUnreachable) : ran(k, from).cost;
    const double cost = begun + price(*transfer, p_.objective);
    if (cost < ready(k, to).cost) ready(k, to) = {cost, from};
  }

  void run(std::size_t k, std::size_t t) {
    if (k + 1 == boundaries() || ready(k, t).cost == kUnreachable) return;
    for (const Group* g : starting_[t][k]) {
      const double cost = ready(k, t).cost + price({g->cost, 0}, p_.objective);
      Best& best = ran(static_cast<std::size_t>(g->last), t);
      if (cost < best.cost) best = {cost, k};
    }
  }

  std::vector<TierGroup> read_back() {
    const std::size_t n = boundaries() - 1;
    std::size_t tier = 0;
    if (ready(n, 0).cost < ran(n, 0).cost) tier = ready(n, 0).before;
    if (ran(n, tier).cost == kUnreachable) return {};
    std::vector<TierGroup> groups;
    for (std::size_t k = n; k > 0;) {
      const std::size_t first = ran(k, tier).before;
      groups.push_back({static_cast<int>(first) + 1, static_cast<int>(k), tier});
      k = first;
      if (k > 0) tier = ready(k, tier).before;
    }
    std::ranges::reverse(groups);
    return groups;
  }

  const TierProblem& p_;
  std::size_t tiers_;
  std::vector<Best> ran_;    // by boundary and tier: a group ended there
  std::vector<Best> ready_;  // by boundary and tier: the next group may begin there
  std::vector<std::vector<std::vector<const Group*>>> starting_;  // by tier and boundary
};

}  // namespace

Result<TierSchedule> evaluate(const TierProblem& problem, std::vector<TierGroup> groups) {
  CLEAVE_CHECK(check(problem));
  TierSchedule s;
  std::size_t at = 0;
  int done = 0;
  const auto send_to = [&](std::size_t tier) -> Result<void> {
    if (tier == at) return {};
    const auto& transfer = problem.send[at][tier][static_cast<std::size_t>(done)];
    if (!transfer) return wrong("nothing can be sent behind layer " + std::to_string(done));
    s.latency_ms += transfer->cost.ms;
    s.energy_mj += transfer->cost.mj;
    s.bytes += transfer->bytes;
    at = tier;
    return {};
  };
  for (const TierGroup& g : groups) {
    if (g.tier >= problem.tiers.size() || g.first != done + 1 || (done > 0 && g.tier == at))
      return wrong("a schedule whose groups do not follow each other on different tiers");
    const auto& list = problem.tiers[g.tier];
    const auto found = std::ranges::find_if(
        list, [&](const Group& one) { return one.first == g.first && one.last == g.last; });
    if (found == list.end()) return wrong("a schedule with a group that is not listed");
    CLEAVE_CHECK(send_to(g.tier));
    s.latency_ms += found->cost.ms;
    s.energy_mj += found->cost.mj;
    done = g.last;
  }
  if (done != problem.layers) return wrong("a schedule that ends early");
  CLEAVE_CHECK(send_to(0));
  s.groups = std::move(groups);
  return s;
}

Result<TierSchedule> solve(const TierProblem& problem) {
  CLEAVE_CHECK(check(problem));
  std::vector<TierGroup> groups = Paths(problem).solve();
  if (groups.empty()) return TierSchedule{};
  return evaluate(problem, std::move(groups));
}

}  // namespace cleave::plan
