#include "plan/pareto_labels.h"

#include <algorithm>
#include <deque>

#include "plan/lagrange.h"
#include "plan/shortest_path.h"

namespace cleave::plan {
namespace {

/// Bounds memory: the problem is NP-hard, and some instances need very many.
constexpr std::size_t kMaxLabels = 4'000'000;

/// A way from the start to a state.
struct Label {
  Costs costs{};
  const Label* before = nullptr;
  int boundary = 0;
  Side side = Side::kDevice;
};

/// The least that the rest of a way adds to a weighted cost. No label is wanted that comes to more
/// than `most` with it.
struct Bound {
  Costs weights;
  WaysToGo rest;
  double most;
};

/// Sums in bounds are added up in another order than in labels.
double loosened(double value) { return value * (1 + 1e-12); }

class Search {
 public:
  explicit Search(const ScheduleGraph& graph) : graph_(graph) {}

  /// The best way within the limits; nothing where there is none.
  Result<std::optional<Way>> run() {
    if (!prepare()) return std::nullopt;
    open_.resize(static_cast<std::size_t>(graph_.layers()) + 1);
    open_[0][index(Side::kDevice)].push_back({});
    for (int k = 0; k <= graph_.layers(); ++k) {
      for (const Side side : kSides) keep(k, side);
      // Both sides as they arrived: what has just crossed does not cross back.
      const auto arrived = kept_;
      for (const Side side : kSides) cross(arrived[index(side)], k, other(side));
      for (const Side side : kSides) {
        keep(k, side);
        if (k < graph_.layers()) extend(k, side);
      }
      if (labels_.size() > kMaxLabels) {
        return fail(ErrorCode::kResourceExhausted, "plan.pareto_labels",
                    "more than " + std::to_string(kMaxLabels) + " labels after layer " +
                        std::to_string(k) + " of " + std::to_string(graph_.layers()) +
                        "; another solver may take the problem");
      }
    }
    return finish();
  }

 private:
  static constexpr std::array kSides{Side::kDevice, Side::kCloud};

  /// Sets the bounds up; false when some limit, for itself, already rules everything out.
  bool prepare() {
    for (std::size_t r = 0; r < graph_.limits().size(); ++r) {
      if (!graph_.limits()[r]) continue;
      const double limit = *graph_.limits()[r];
      Relaxation relaxed = relax(graph_, r);
      if (!relaxed.feasible) return false;
      if (graph_.holds(relaxed.best.costs)) offer(std::move(relaxed.best));
      Costs alone{};
      alone[r] = 1;
      limits_.push_back({alone, WaysToGo(graph_, alone), loosened(limit)});
      Costs priced{};
      priced[graph_.objective()] = 1;
      priced[r] += relaxed.multiplier;
      // A way that keeps the limit pays for no more than all of it.
      prices_.push_back({priced, WaysToGo(graph_, priced), relaxed.multiplier * limit});
    }
    return true;
  }

  void offer(Way way) {
    if (best_ && best_->costs[graph_.objective()] <= way.costs[graph_.objective()]) return;
    best_ = std::move(way);
  }

  bool wanted(const Label& label) const {
    const auto in_all = [&](const Bound& b) {
      return dot(b.weights, label.costs) + b.rest.at(label.boundary, label.side);
    };
    for (const Bound& b : limits_)
      if (in_all(b) > b.most) return false;
    if (!best_) return true;
    const double cost = best_->costs[graph_.objective()];
    return std::ranges::none_of(
        prices_, [&](const Bound& b) { return in_all(b) > loosened(b.most + cost); });
  }

  void add(const Label& label) {
    if (wanted(label))
      open_[static_cast<std::size_t>(label.boundary)][index(label.side)].push_back(label);
  }

  bool beats(const Label& a, const Label& b) const {
    if (a.costs[graph_.objective()] > b.costs[graph_.objective()]) return false;
    for (std::size_t r = 0; r < graph_.limits().size(); ++r)
      if (graph_.limits()[r] && a.costs[r] > b.costs[r]) return false;
    return true;
  }

  /// Moves the open labels of a state that no other beats to kept_, beside those there from before.
  void keep(int boundary, Side side) {
    auto& open = open_[static_cast<std::size_t>(boundary)][index(side)];
    auto& kept = kept_[index(side)];
    if (!kept.empty() && kept.front()->boundary == boundary) {
      for (const Label* label : kept) open.push_back(*label);
    }
    kept.clear();
    std::ranges::sort(open, {}, [&](const Label& l) {
      return std::pair(l.costs[graph_.objective()], l.costs[kLatency] + l.costs[kEnergy]);
    });
    for (const Label& label : open) {
      const auto beaten = [&](const Label* other) { return beats(*other, label); };
      if (std::ranges::none_of(kept, beaten)) kept.push_back(&labels_.emplace_back(label));
    }
    open.clear();
  }

  void cross(const std::vector<const Label*>& arrived, int boundary, Side to) {
    for (const Label* label : arrived)
      add({label->costs + graph_.transfer(boundary, to), label, boundary, to});
  }

  void extend(int boundary, Side side) {
    for (const Group& step : graph_.steps(boundary, side)) {
      for (const Label* label : kept_[index(side)])
        add({label->costs + costs_of(step, side), label, step.last, side});
    }
  }

  std::optional<Way> finish() {
    for (const Label* label : kept_[index(Side::kDevice)]) {
      if (label->boundary == graph_.layers() && graph_.holds(label->costs)) offer(way_of(label));
    }
    return std::move(best_);
  }

  static Way way_of(const Label* end) {
    Way way{{}, end->costs};
    for (const Label* l = end; l->before != nullptr; l = l->before) {
      if (l->before->boundary < l->boundary)
        way.groups.push_back({l->before->boundary + 1, l->boundary, l->side});
    }
    std::ranges::reverse(way.groups);
    return way;
  }

  const ScheduleGraph& graph_;
  std::vector<Bound> limits_;  // each limited cost alone
  std::vector<Bound> prices_;  // the objective with each limited cost priced
  std::optional<Way> best_;    // within all limits
  std::vector<std::array<std::vector<Label>, 2>> open_;
  std::array<std::vector<const Label*>, 2> kept_;
  std::deque<Label> labels_;  // stay where they are: later ones point to them
};

}  // namespace

Result<Solution> pareto_labels(const ScheduleProblem& problem) {
  const ScheduleGraph graph(problem);
  if (!graph.limited()) return shortest_path(problem);
  std::optional<Way> way = CLEAVE_TRY(Search(graph).run());
  if (!way) return Solution{};
  return optimal(*std::move(way), problem.objective);
}

}  // namespace cleave::plan
