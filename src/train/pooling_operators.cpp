// Pooling over windows and over whole planes.
#include <algorithm>
#include <limits>

#include "train/network.h"
#include "train/operators.h"
#include "train/windows.h"

namespace cleave::train {
namespace {

struct Pool {
  Windows windows;
  std::vector<std::int64_t> kernel;
  bool ceil = false;

  static Result<Pool> of(const Node& node) {
    Pool pool{CLEAVE_TRY(Windows::of(node)), node.integers("kernel_shape"),
              node.integer("ceil_mode", 0) != 0};
    if (pool.kernel.empty() || pool.kernel.size() > 3)
      return node.unsupported("a kernel of " + std::to_string(pool.kernel.size()) +
                              " dimensions, expected 1 to 3");
    CLEAVE_CHECK(guarded(node.text(), [&]() -> Result<void> {
      pool.windows = pool.windows.for_rank(pool.kernel.size());
      check_size(pool.kernel);
      return {};
    }));
    return pool;
  }

  /// Pads of an input, more at the ends where a last, cut off window counts.
  std::vector<std::int64_t> pads_of(const at::Tensor& x) const {
    TORCH_CHECK(static_cast<std::size_t>(x.dim()) == kernel.size() + 2, "an input of rank ",
                x.dim(), ", expected ", kernel.size() + 2);
    const auto spatial = x.sizes().slice(2);
    std::vector<std::int64_t> pads = windows.pads_for(spatial, kernel);
    if (!ceil || windows.auto_pad != AutoPad::kNone) return pads;
    const std::size_t rank = kernel.size();
    for (std::size_t i = 0; i < rank; ++i) {
      const std::int64_t reach = (kernel[i] - 1) * windows.dilations[i] + 1;
      const std::int64_t free = spatial[i] + pads[i] + pads[rank + i] - reach;
      const std::int64_t over = free % windows.strides[i];
      if (over == 0) continue;
      // A window that would begin behind the input is none.
      const std::int64_t begin = free - over + windows.strides[i];
      if (begin < spatial[i] + pads[i]) pads[rank + i] += windows.strides[i] - over;
    }
    return pads;
  }
};

at::Tensor max_pool(const at::Tensor& x, const Pool& pool, at::IntArrayRef pads) {
  const Windows& w = pool.windows;
  switch (pool.kernel.size()) {
    case 1:
      return at::max_pool1d(x, pool.kernel, w.strides, pads, w.dilations);
    case 2:
      return at::max_pool2d(x, pool.kernel, w.strides, pads, w.dilations);
    default:
      return at::max_pool3d(x, pool.kernel, w.strides, pads, w.dilations);
  }
}

/// Sums, not means: every window divided by 1.
at::Tensor sum_pool(const at::Tensor& x, const Pool& pool) {
  std::int64_t area = 1;
  for (const std::int64_t k : pool.kernel) area *= k;
  const auto& strides = pool.windows.strides;
  const std::vector<std::int64_t> none(pool.kernel.size(), 0);
  switch (pool.kernel.size()) {
    case 1:
      return at::avg_pool1d(x, pool.kernel, strides) * area;
    case 2:
      return at::avg_pool2d(x, pool.kernel, strides, none, false, true, 1);
    default:
      return at::avg_pool3d(x, pool.kernel, strides, none, false, true, 1);
  }
}

Result<Compute> max_pool(const Node& node) {
  if (node.has_output(1)) return node.unsupported("its second output, the places of the maxima");
  const Pool pool = CLEAVE_TRY(Pool::of(node));
  return single([pool](Inputs in) {
    at::Tensor x = in[0];
    const bool whole = !x.is_floating_point();
    if (whole) x = x.to(at::kFloat);
    auto pads = pool.pads_of(x);
    std::vector<std::int64_t> own = begins_of(pads);
    bool native = is_symmetric(pads);
    for (std::size_t i = 0; i < own.size(); ++i) native = native && own[i] * 2 <= pool.kernel[i];
    if (!native) {
      x = padded(x, pads, -std::numeric_limits<double>::infinity());
      own.assign(own.size(), 0);
    }
    const at::Tensor y = max_pool(x, pool, own);
    return whole ? y.to(in[0].scalar_type()) : y;
  });
}

/// Of what lies in the windows: the padding that the node names counts by `count_include_pad`, what
/// ceil_mode adds never does.
Result<Compute> average_pool(const Node& node) {
  const Pool pool = CLEAVE_TRY(Pool::of(node));
  if (std::ranges::any_of(pool.windows.dilations, [](std::int64_t d) { return d != 1; }))
    return node.unsupported("dilated windows");
  const bool padding_counts = node.integer("count_include_pad", 0) != 0;
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const auto pads = pool.pads_of(x);
    const auto named = pool.windows.pads_for(x.sizes().slice(2), pool.kernel);
    std::vector<std::int64_t> ones_shape = x.sizes().vec();
    ones_shape[0] = ones_shape[1] = 1;
    at::Tensor counted = at::ones(ones_shape, x.options());
    std::vector<std::int64_t> rest = pads;
    if (padding_counts) {
      counted = padded(counted, named, 1);
      for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= named[i];
    }
    return sum_pool(padded(x, pads, 0), pool) / sum_pool(padded(counted, rest, 0), pool);
  });
}

/// The p-th root, whose gradient is 0 at 0, where a window is empty.
at::Tensor root(const at::Tensor& sums, double p) {
  const at::Tensor some = at::where(sums > 0, sums, at::ones_like(sums));
  return at::where(sums > 0, some.pow(1 / p), at::zeros_like(sums));
}

Result<Compute> lp_pool(const Node& node) {
  const Pool pool = CLEAVE_TRY(Pool::of(node));
  const double p = static_cast<double>(node.integer("p", 2));
  return single([=](Inputs in) {
    return root(sum_pool(padded(in[0], pool.pads_of(in[0]), 0).abs().pow(p), pool), p);
  });
}

std::vector<std::int64_t> plane_axes(const at::Tensor& x) {
  std::vector<std::int64_t> axes;
  for (std::int64_t d = 2; d < x.dim(); ++d) axes.push_back(d);
  return axes;
}

Result<Compute> global_average_pool(const Node&) {
  return single([](Inputs in) { return in[0].mean(plane_axes(in[0]), true); });
}

Result<Compute> global_max_pool(const Node&) {
  return single([](Inputs in) { return in[0].amax(plane_axes(in[0]), true); });
}

Result<Compute> global_lp_pool(const Node& node) {
  const double p = static_cast<double>(node.integer("p", 2));
  return single(
      [=](Inputs in) { return root(in[0].abs().pow(p).sum(plane_axes(in[0]), true), p); });
}

constexpr Operator kTable[] = {
    {"AveragePool", average_pool},
    {"GlobalAveragePool", global_average_pool},
    {"GlobalLpPool", global_lp_pool},
    {"GlobalMaxPool", global_max_pool},
    {"LpPool", lp_pool},
    {"MaxPool", max_pool},
};

}  // namespace

std::span<const Operator> pooling_operators() { return kTable; }

}  // namespace cleave::train
