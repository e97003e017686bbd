// Reductions over axes, and what runs along one.
#include <numeric>

#include "train/operators.h"

namespace cleave::train {
namespace {

using Axes = std::vector<std::int64_t>;
using Reduce = at::Tensor (*)(const at::Tensor&, const Axes&, bool);

at::Tensor sum(const at::Tensor& x, const Axes& axes, bool keep) {
  return x.sum(axes, keep, x.scalar_type());
}
at::Tensor mean(const at::Tensor& x, const Axes& axes, bool keep) {
  if (x.is_floating_point()) return x.mean(axes, keep);
  return x.to(at::kDouble).mean(axes, keep).to(x.scalar_type());
}
at::Tensor most(const at::Tensor& x, const Axes& axes, bool keep) { return x.amax(axes, keep); }
at::Tensor least(const at::Tensor& x, const Axes& axes, bool keep) { return x.amin(axes, keep); }
at::Tensor product(const at::Tensor& x, const Axes& axes, bool keep) {
  at::Tensor y = x;
  for (const std::int64_t axis : axes) y = y.prod(axis, true, x.scalar_type());
  if (keep) return y;
  for (std::size_t i = axes.size(); i-- > 0;) y = y.squeeze(axes[i]);
  return y;
}
at::Tensor l1(const at::Tensor& x, const Axes& axes, bool keep) { return sum(x.abs(), axes, keep); }
at::Tensor squares(const at::Tensor& x, const Axes& axes, bool keep) {
  return sum(x * x, axes, keep);
}
at::Tensor l2(const at::Tensor& x, const Axes& axes, bool keep) {
  // at::norm has a gradient where all is 0.
  return x.is_floating_point() ? at::norm(x, 2, axes, keep)
                               : squares(x, axes, keep).to(at::kDouble).sqrt().to(x.scalar_type());
}
at::Tensor log_sum(const at::Tensor& x, const Axes& axes, bool keep) {
  return sum(x, axes, keep).log();
}
at::Tensor log_sum_exp(const at::Tensor& x, const Axes& axes, bool keep) {
  return at::logsumexp(x, axes, keep);
}

Axes sorted_axes(Axes axes, std::int64_t rank) {
  if (axes.empty()) {
    axes.resize(static_cast<std::size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (std::int64_t& axis : axes) axis = positive_axis(axis, rank);
  std::ranges::sort(axes);
  return axes;
}

/// Axes are an attribute, in later operator sets an input; none are all.
template <Reduce kFunction>
Result<Compute> reduce(const Node& node) {
  const Axes attribute = node.integers("axes");
  const bool keep = node.integer("keepdims", 1) != 0;
  const bool noop = node.integer("noop_with_empty_axes", 0) != 0;
  return single([=](Inputs in) {
    const at::Tensor given = input_or_none(in, 1);
    const Axes axes = given.defined() ? integers_of(given) : attribute;
    if (axes.empty() && noop) return in[0];
    if (in[0].dim() == 0) return kFunction(in[0].reshape({1}), {0}, false);
    return kFunction(in[0], sorted_axes(axes, in[0].dim()), keep);
  });
}

/// Of equals, the first or the last.
template <bool kMost>
Result<Compute> arg_extreme(const Node& node) {
  const std::int64_t axis = node.integer("axis", 0);
  const bool keep = node.integer("keepdims", 1) != 0;
  const bool last = node.integer("select_last_index", 0) != 0;
  return single([=](Inputs in) {
    const at::Tensor x = last ? in[0].flip({axis}) : in[0];
    const at::Tensor extreme = kMost ? x.amax({axis}, true) : x.amin({axis}, true);
    // The first of equals: argmax alone promises none.
    at::Tensor found = (x == extreme).to(at::kByte).cumsum(axis).eq(0).sum({axis}, keep);
    return last ? x.size(axis) - 1 - found : found;
  });
}

Result<Compute> cumulative_sum(const Node& node) {
  const bool exclusive = node.integer("exclusive", 0) != 0;
  const bool reverse = node.integer("reverse", 0) != 0;
  return single([=](Inputs in) {
    const std::int64_t axis = positive_axis(integers_of(in[1]).at(0), in[0].dim());
    const at::Tensor x = reverse ? in[0].flip({axis}) : in[0];
    at::Tensor sums = x.cumsum(axis, x.scalar_type());
    if (exclusive) sums = sums - x;
    return reverse ? sums.flip({axis}) : sums;
  });
}

constexpr Operator kTable[] = {
    {"ArgMax", arg_extreme<true>},
    {"ArgMin", arg_extreme<false>},
    {"CumSum", cumulative_sum, 2},
    {"ReduceL1", reduce<l1>},
    {"ReduceL2", reduce<l2>},
    {"ReduceLogSum", reduce<log_sum>},
    {"ReduceLogSumExp", reduce<log_sum_exp>},
    {"ReduceMax", reduce<most>},
    {"ReduceMean", reduce<mean>},
    {"ReduceMin", reduce<least>},
    {"ReduceProd", reduce<product>},
    {"ReduceSum", reduce<sum>},
    {"ReduceSumSquare", reduce<squares>},
};

}  // namespace

std::span<const Operator> reduction_operators() { return kTable; }

}  // namespace cleave::train
