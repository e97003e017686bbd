#include "plan/training.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace cleave::plan {
namespace {

void add(Transfer& sum, const Transfer& transfer) {
  sum.cost.ms += transfer.cost.ms;
  sum.cost.mj += transfer.cost.mj;
  sum.bytes += transfer.bytes;
}

class Mirror {
 public:
  Mirror(const NetworkProblem& inference, const TrainingOptions& options)
      : inference_(inference), options_(options), n_(inference.layers), sums_(1) {
    for (const Transfer& weights : options.weights) {
      sums_.push_back(sums_.back());
      add(sums_.back(), weights);
    }
  }

  NetworkProblem build() const {
    NetworkProblem p = inference_;
    p.layers = 2 * n_;
    mirror(p.device, false);
    mirror(p.cloud, true);
    p.values.clear();
    for (const SentValue& value : inference_.values) add_value(p, value);
    return p;
  }

 private:
  int mirrored(int layer) const { return 2 * n_ + 1 - layer; }

  void mirror(std::vector<Group>& groups, bool cloud) const {
    const double factor = options_.backward_over_forward;
    std::vector<Group> both;
    const auto backward = [&](int first, const Group& g, const Spent& forward) {
      both.push_back({first,
                      mirrored(g.first),
                      {forward.ms + g.cost.ms * factor, forward.mj + g.cost.mj * factor},
                      cloud ? weights_of(g) : Transfer{}});
    };
    std::vector<Group> last;
    for (const Group& g : groups) {
      backward(mirrored(g.last), g, {});
      if (g.last == n_) last.push_back(g);
    }
    // A stretch may run on from the forward pass into the backward one.
    for (const Group& forward : last)
      for (const Group& g : last) backward(forward.first, g, forward.cost);
    groups.insert(groups.end(), both.begin(), both.end());
  }

  Transfer weights_of(const Group& group) const {
    const Transfer& before = sums_[static_cast<std::size_t>(group.first) - 1];
    const Transfer& after = sums_[static_cast<std::size_t>(group.last)];
    Transfer weights{{after.cost.ms - before.cost.ms, after.cost.mj - before.cost.mj},
                     after.bytes - before.bytes};
    if (weights.bytes > 0) add(weights, inference_.request_down);
    return weights;
  }

  /// The value, read by layers and, where the caller read it, by the loss at the top of the mirror;
  /// and its gradient.
  void add_value(NetworkProblem& p, SentValue value) const {
    if (value.readers.empty()) return;
    const bool answer = value.readers.back() == n_ + 1;
    if (answer) value.readers.pop_back();
    SentValue gradient{"gradient of " + value.name, 0, {}, value.upload, value.download};
    std::vector<int> backward;
    for (const int reader : value.readers) backward.push_back(mirrored(reader));
    std::ranges::reverse(backward);
    // Of an input no gradient is wanted.
    if (value.made_by > 0) backward.push_back(mirrored(value.made_by));
    // From an answer the loss is computed where the backward pass of its maker begins.
    if (answer && value.made_by > 0) value.readers.push_back(mirrored(value.made_by));
    if (value.made_by > 0 && backward.size() > 1) {
      gradient.made_by = backward.front();
      gradient.readers.assign(backward.begin() + 1, backward.end());
      p.values.push_back(std::move(gradient));
    }
    p.values.push_back(std::move(value));
  }

  const NetworkProblem& inference_;
  const TrainingOptions& options_;
  int n_;
  std::vector<Transfer> sums_;  // of the weights of the layers up to each
};

}  // namespace

Result<NetworkProblem> training_problem(const NetworkProblem& inference,
                                        const TrainingOptions& options) {
  if (options.weights.size() != static_cast<std::size_t>(inference.layers)) {
    return fail(ErrorCode::kInvalidArgument, "plan.training",
                "weights of " + std::to_string(options.weights.size()) + " layers, expected " +
                    std::to_string(inference.layers));
  }
  const double factor = options.backward_over_forward;
  if (!(factor >= 0 && std::isfinite(factor))) {
    return fail(ErrorCode::kInvalidArgument, "plan.training",
                "a backward pass of " + std::to_string(factor) +
                    " times the forward one, expected a finite number of 0 or more");
  }
  return Mirror(inference, options).build();
}

}  // namespace cleave::plan
