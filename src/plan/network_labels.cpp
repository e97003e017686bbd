#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

#include "plan/network_problem.h"

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.network";
constexpr std::array kSides{Side::kDevice, Side::kCloud};
constexpr double kUnreachable = std::numeric_limits<double>::infinity();
/// Bounds memory: the problem is NP-hard, and some instances need very many.
constexpr std::size_t kMaxLabels = 4'000'000;
/// Labels that the first, inexact pass keeps at a boundary; its schedule bounds the exact one.
constexpr std::size_t kBeam = 8;

/// What a schedule has spent.
using Sums = std::array<double, 6>;
constexpr std::size_t kMs = 0;
constexpr std::size_t kMj = 1;
constexpr std::size_t kCloudMs = 2;
constexpr std::size_t kBytes = 3;
constexpr std::size_t kDeviceMemory = 4;
constexpr std::size_t kCloudMemory = 5;

/// What each sum may come to.
using MostOfEach = std::array<std::optional<double>, std::tuple_size_v<Sums>>;

MostOfEach limits_of(const Limits& l) {
  return {l.deadline_ms, l.battery_mj,          l.cloud_ms,
          std::nullopt,  l.device_memory_bytes, l.cloud_memory_bytes};
}

std::size_t index(Side side) { return static_cast<std::size_t>(side); }

void add(Sums& sums, const Transfer& transfer) {
  sums[kMs] += transfer.cost.ms;
  sums[kMj] += transfer.cost.mj;
  sums[kBytes] += transfer.bytes;
}

std::size_t resource_of(Objective objective) {
  switch (objective) {
    case Objective::kLatency:
      return kMs;
    case Objective::kEnergy:
      return kMj;
    case Objective::kBytes:
      return kBytes;
  }
  return kMs;
}

/// A set of the values that live at a boundary, one bit each.
using Places = std::uint64_t;

/// Which values live at each boundary, and the bit that each has as long as it lives.
class Liveness {
 public:
  static Result<Liveness> of(const NetworkProblem& problem) {
    Liveness l;
    l.live_.resize(static_cast<std::size_t>(problem.layers) + 1);
    l.reads_.resize(static_cast<std::size_t>(problem.layers) + 2);
    l.bits_.resize(problem.values.size());
    std::vector<std::vector<std::size_t>> made(l.live_.size());
    for (std::size_t v = 0; v < problem.values.size(); ++v) {
      const SentValue& value = problem.values[v];
      if (value.readers.empty()) continue;
      made[static_cast<std::size_t>(value.made_by)].push_back(v);
      for (const int reader : value.readers)
        l.reads_[static_cast<std::size_t>(reader)].push_back(v);
    }
    std::vector<std::size_t> living;
    Places used = 0;
    const std::vector<bool> boundaries = boundaries_of(problem);
    for (std::size_t k = 0; k < l.live_.size(); ++k) {
      living.insert(living.end(), made[k].begin(), made[k].end());
      // What lives between boundaries alone never has a place.
      if (!boundaries[k]) continue;
      std::erase_if(living, [&](std::size_t v) {
        const bool over = problem.values[v].readers.back() <= static_cast<int>(k);
        if (over) used &= ~l.bits_[v];
        return over;
      });
      for (const std::size_t v : living) {
        if (l.bits_[v] != 0) continue;
        if (used == ~Places{0}) {
          return fail(ErrorCode::kUnsupported, kPlace,
                      "more than 64 values live after layer " + std::to_string(k) +
                          ", expected at most 64");
        }
        l.bits_[v] = Places{1} << std::countr_one(used);
        used |= l.bits_[v];
      }
      l.live_[k] = living;
    }
    return l;
  }

  const std::vector<std::size_t>& live(int boundary) const {
    return live_[static_cast<std::size_t>(boundary)];
  }
  const std::vector<std::size_t>& reads(int layer) const {
    return reads_[static_cast<std::size_t>(layer)];
  }
  Places bit(std::size_t value) const { return bits_[value]; }

 private:
  /// Where some group begins or ends.
  static std::vector<bool> boundaries_of(const NetworkProblem& problem) {
    std::vector<bool> at(static_cast<std::size_t>(problem.layers) + 1, false);
    at.front() = at.back() = true;
    for (const auto* groups : {&problem.device, &problem.cloud}) {
      for (const Group& g : *groups)
        at[static_cast<std::size_t>(g.first) - 1] = at[static_cast<std::size_t>(g.last)] = true;
    }
    return at;
  }

  std::vector<std::vector<std::size_t>> live_;   // values by boundary
  std::vector<std::vector<std::size_t>> reads_;  // values by layer
  std::vector<Places> bits_;                     // by value
};

/// A schedule of the layers up to a boundary.
struct Label {
  Sums sums{};
  std::array<Places, 2> lies{};  ///< by side: the live values that are there
  const Label* before = nullptr;
  int boundary = 0;
  Side side = Side::kDevice;  ///< where the last group ran
};

class Search {
 public:
  /// `counted` are the sums that matter on the way, `wanted` those by which finished schedules are
  /// compared; a front has no objective.
  Search(const NetworkProblem& problem, const Liveness& liveness, std::vector<std::size_t> counted,
         std::vector<std::size_t> wanted, std::optional<std::size_t> objective)
      : problem_(problem),
        liveness_(liveness),
        counted_(std::move(counted)),
        wanted_(std::move(wanted)),
        objective_(objective),
        limits_(limits_of(problem.limits)) {
    for (auto& limit : limits_)
      if (limit) *limit *= 1 + kLimitSlack;
    sort_groups();
    find_least();
  }

  /// The finished labels that none beats, cheapest first. `beam` bounds the labels of a boundary,
  /// 0: no bound, exact. `most`: cost of a schedule that is known.
  Result<std::vector<Schedule>> run(std::size_t beam, double most) {
    most_ = most;
    labels_.clear();
    waiting_ = 1;
    open_.assign(static_cast<std::size_t>(problem_.layers) + 1, {});
    Label start;
    for (const std::size_t v : liveness_.live(0)) start.lies[0] |= liveness_.bit(v);
    open_[0].push_back(start);
    for (int k = 0; k < problem_.layers; ++k) {
      keep(k, beam);
      for (const Side side : kSides) extend(k, side);
      if (labels_.size() + waiting_ > kMaxLabels) {
        return fail(ErrorCode::kResourceExhausted, kPlace,
                    "more than " + std::to_string(kMaxLabels) + " labels after layer " +
                        std::to_string(k) + " of " + std::to_string(problem_.layers));
      }
    }
    bring_answer();
    counted_.swap(wanted_);
    keep(problem_.layers, beam);
    counted_.swap(wanted_);
    std::vector<Schedule> schedules;
    for (const Label* end : kept_) schedules.push_back(schedule_of(*end));
    return schedules;
  }

 private:
  void sort_groups() {
    for (const Side side : kSides) {
      auto& groups = groups_[index(side)];
      groups.resize(static_cast<std::size_t>(problem_.layers));
      for (const Group& g : side == Side::kDevice ? problem_.device : problem_.cloud)
        groups[static_cast<std::size_t>(g.first) - 1].push_back(g);
      for (auto& list : groups) std::ranges::sort(list, {}, &Group::last);
    }
  }

  static Sums sums_of(const Group& group, Side side) {
    Sums sums{group.cost.ms, group.cost.mj};
    if (side == Side::kCloud) sums[kCloudMs] = group.cost.ms;
    sums[side == Side::kCloud ? kCloudMemory : kDeviceMemory] = group.memory_bytes;
    add(sums, group.update);
    return sums;
  }

  /// The least of each sum that the groups from a boundary on can come to, transfers apart.
  void find_least() {
    Sums none;
    none.fill(kUnreachable);
    least_.assign(static_cast<std::size_t>(problem_.layers) + 1, none);
    least_.back().fill(0);
    for (auto k = static_cast<std::size_t>(problem_.layers); k-- > 0;) {
      for (const Side side : kSides) {
        for (const Group& g : groups_[index(side)][k]) {
          const Sums& rest = least_[static_cast<std::size_t>(g.last)];
          const Sums group = sums_of(g, side);
          for (std::size_t r = 0; r < rest.size(); ++r)
            least_[k][r] = std::min(least_[k][r], group[r] + rest[r]);
        }
      }
    }
  }

  /// Whether what was spent, and `more`, leaves enough for the layers behind a boundary.
  bool promises(const Sums& sums, const Sums& more, int boundary) const {
    const Sums& rest = least_[static_cast<std::size_t>(boundary)];
    if (rest[kMs] == kUnreachable) return false;
    for (const std::size_t r : counted_)
      if (limits_[r] && sums[r] + more[r] + rest[r] > *limits_[r]) return false;
    return !objective_ || sums[*objective_] + more[*objective_] + rest[*objective_] <= most_;
  }
  bool fits(const Label& label) const { return promises(label.sums, {}, label.boundary); }

  /// Sums never fall and more places never cost more, so that whatever b goes on to do, a can do
  /// for no more. On one side alone b may go on where a may not: its last group was there.
  bool beats(const Label& a, const Label& b) const {
    if (problem_.whole_stretches && a.side != b.side && a.boundary < problem_.layers) return false;
    return std::ranges::none_of(counted_, [&](auto r) { return a.sums[r] > b.sums[r]; }) &&
           (b.lies[0] & ~a.lies[0]) == 0 && (b.lies[1] & ~a.lies[1]) == 0;
  }

  /// Moves the open labels of a boundary that no other beats to kept_.
  void keep(int boundary, std::size_t beam) {
    auto& open = open_[static_cast<std::size_t>(boundary)];
    std::ranges::sort(open, {}, [&](const Label& label) {
      double sum = 0;
      for (const std::size_t r : counted_) sum += label.sums[r];
      return std::pair(label.sums[objective_.value_or(kMs)], sum);
    });
    kept_.clear();
    for (const Label& label : open) {
      if (beam > 0 && kept_.size() == beam) break;
      if (std::ranges::none_of(kept_, [&](const Label* k) { return beats(*k, label); }))
        kept_.push_back(&labels_.emplace_back(label));
    }
    waiting_ -= open.size();
    open.clear();
    open.shrink_to_fit();
  }

  void extend(int boundary, Side side) {
    Places needed = 0;
    int reached = boundary;
    for (const Group& g : groups_[index(side)][static_cast<std::size_t>(boundary)]) {
      while (reached < g.last) needed |= needed_by(++reached, boundary);
      Places survive = 0;
      Places made = 0;
      for (const std::size_t v : liveness_.live(g.last))
        (problem_.values[v].made_by <= boundary ? survive : made) |= liveness_.bit(v);
      const Sums cost = sums_of(g, side);
      for (const Label* label : kept_) {
        if (problem_.whole_stretches && label->before != nullptr && label->side == side) continue;
        if (!promises(label->sums, cost, g.last)) continue;
        Label next = *label;
        if (!bring(next, needed, side)) continue;
        for (std::size_t r = 0; r < cost.size(); ++r) next.sums[r] += cost[r];
        for (Places& places : next.lies) places &= survive;
        next.lies[index(side)] |= made;
        next.before = label;
        next.boundary = g.last;
        next.side = side;
        if (!fits(next)) continue;
        open_[static_cast<std::size_t>(g.last)].push_back(next);
        if (labels_.size() + ++waiting_ > kMaxLabels) return;
      }
    }
  }

  /// What a layer reads of the values at a boundary before it.
  Places needed_by(int layer, int boundary) const {
    Places needed = 0;
    for (const std::size_t v : liveness_.reads(layer))
      if (problem_.values[v].made_by <= boundary) needed |= liveness_.bit(v);
    return needed;
  }

  /// Sends what a label lacks on a side; false where that cannot be sent.
  bool bring(Label& label, Places needed, Side side) const {
    const Places missing = needed & ~label.lies[index(side)];
    if (missing == 0) return true;
    const bool up = side == Side::kCloud;
    for (const std::size_t v : liveness_.live(label.boundary)) {
      if ((missing & liveness_.bit(v)) == 0) continue;
      const SentValue& value = problem_.values[v];
      const auto& transfer = sending(value, side, label.boundary == 0);
      if (!transfer) return false;
      add(label.sums, *transfer);
    }
    add(label.sums, up ? problem_.request_up : problem_.request_down);
    label.lies[index(side)] |= missing;
    return true;
  }

  void bring_answer() {
    auto& open = open_[static_cast<std::size_t>(problem_.layers)];
    const Places answer = needed_by(problem_.layers + 1, problem_.layers);
    waiting_ -= std::erase_if(open, [&](Label& label) {
      const bool sent = bring(label, answer, Side::kDevice);
      label.lies = {};
      return !sent || !fits(label);
    });
  }

  static Schedule schedule_of(const Label& end) {
    const auto& [ms, mj, cloud_ms, bytes, device_memory_bytes, cloud_memory_bytes] = end.sums;
    Schedule s{{}, ms, mj, cloud_ms, bytes, device_memory_bytes, cloud_memory_bytes};
    for (const Label* l = &end; l->before != nullptr; l = l->before)
      s.groups.push_back({l->before->boundary + 1, l->boundary, l->side});
    std::ranges::reverse(s.groups);
    return s;
  }

  const NetworkProblem& problem_;
  const Liveness& liveness_;
  std::vector<std::size_t> counted_;
  std::vector<std::size_t> wanted_;
  std::optional<std::size_t> objective_;
  MostOfEach limits_;
  std::array<std::vector<std::vector<Group>>, 2> groups_;  // by side and boundary before
  std::vector<Sums> least_;                                // by boundary
  double most_ = kUnreachable;
  std::vector<std::vector<Label>> open_;  // by boundary
  std::size_t waiting_ = 0;               // labels in open_
  std::vector<const Label*> kept_;
  std::deque<Label> labels_;  // stay where they are: later ones point to them
};

std::vector<std::size_t> limited(const Limits& limits) {
  const MostOfEach most = limits_of(limits);
  std::vector<std::size_t> list;
  for (std::size_t r = 0; r < most.size(); ++r)
    if (most[r]) list.push_back(r);
  return list;
}

/// What the network costs as one group, on the side where that is cheaper and keeps the limits.
double single_group_cost(const NetworkProblem& problem) {
  double best = kUnreachable;
  for (const Side side : kSides) {
    const auto alone = evaluate(problem, {{1, problem.layers, side}});
    if (alone && within(*alone, problem.limits))
      best = std::min(best, objective_of(*alone, problem.objective));
  }
  return best;
}

void include(std::vector<std::size_t>& list, std::size_t resource) {
  if (std::ranges::find(list, resource) == list.end()) list.push_back(resource);
}

}  // namespace

Result<Solution> solve(const NetworkProblem& problem) {
  CLEAVE_CHECK(check(problem));
  const Liveness liveness = CLEAVE_TRY(Liveness::of(problem));
  const std::size_t objective = resource_of(problem.objective);
  std::vector<std::size_t> counted = limited(problem.limits);
  include(counted, objective);
  Search search(problem, liveness, std::move(counted), {objective}, objective);
  // Sums are added up in another order in bounds than in labels.
  double most = single_group_cost(problem) * (1 + kLimitSlack);
  const std::vector<Schedule> rough = CLEAVE_TRY(search.run(kBeam, most));
  if (!rough.empty()) most = objective_of(rough.front(), problem.objective) * (1 + kLimitSlack);
  std::vector<Schedule> best = CLEAVE_TRY(search.run(0, most));
  if (best.empty()) return Solution{};
  Solution solution{Status::kOptimal, std::move(best.front()), 0};
  solution.lower_bound = objective_of(solution.schedule, problem.objective);
  return solution;
}

Result<std::vector<Schedule>> pareto_front(const NetworkProblem& problem) {
  CLEAVE_CHECK(check(problem));
  const Liveness liveness = CLEAVE_TRY(Liveness::of(problem));
  std::vector<std::size_t> counted = limited(problem.limits);
  const std::vector<std::size_t> wanted{kMs, kMj, kBytes};
  for (const std::size_t r : wanted) include(counted, r);
  return Search(problem, liveness, std::move(counted), wanted, std::nullopt).run(0, kUnreachable);
}

}  // namespace cleave::plan
