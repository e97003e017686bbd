// Operators that pick elements by place.
#include <algorithm>
#include <limits>
#include <numeric>

#include "train/operators.h"

namespace cleave::train {
namespace {

using Integers = std::vector<std::int64_t>;

/// Indices from the end made indices from the start.
at::Tensor from_start(const at::Tensor& indices, std::int64_t size) {
  const at::Tensor whole = indices.to(at::kLong);
  return at::where(whole < 0, whole + size, whole);
}

Result<Compute> gather(const Node& node) {
  const std::int64_t set = node.integer("axis", 0);
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const std::int64_t axis = positive_axis(set, x.dim());
    const at::Tensor indices = from_start(in[1], x.size(axis));
    Integers shape = x.sizes().slice(0, static_cast<std::size_t>(axis)).vec();
    for (const std::int64_t d : indices.sizes()) shape.push_back(d);
    for (std::int64_t d = axis + 1; d < x.dim(); ++d) shape.push_back(x.size(d));
    check_growth(shape, x, indices);
    return x.index_select(axis, indices.reshape({-1})).reshape(shape);
  });
}

Result<Compute> gather_elements(const Node& node) {
  const std::int64_t axis = node.integer("axis", 0);
  return single([=](Inputs in) { return in[0].gather(axis, from_start(in[1], in[0].size(axis))); });
}

/// Places in a tensor whose leading axes are flat, from tuples of indices in the last axis.
at::Tensor flat_places(const at::Tensor& tuples, at::IntArrayRef sizes) {
  TORCH_CHECK(tuples.size(-1) <= static_cast<std::int64_t>(sizes.size()), "tuples of ",
              tuples.size(-1), " indices into ", sizes.size(), " axes");
  at::Tensor places =
      at::zeros(tuples.sizes().slice(0, static_cast<std::size_t>(tuples.dim() - 1)), at::kLong);
  for (std::int64_t i = 0; i < tuples.size(-1); ++i) {
    const std::int64_t size = sizes[static_cast<std::size_t>(i)];
    places = places * size + from_start(tuples.select(-1, i), size);
  }
  return places;
}

Result<Compute> gather_nd(const Node& node) {
  const std::int64_t batches = node.integer("batch_dims", 0);
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const std::int64_t depth = in[1].size(-1);
    std::int64_t rows = 1;
    TORCH_CHECK(batches >= 0 && batches + depth <= x.dim(), batches, " batch axes and tuples of ",
                depth, " indices into ", x.dim(), " axes");
    for (std::int64_t d = 0; d < batches; ++d) rows *= x.size(d);
    const auto inner = x.sizes().slice(static_cast<std::size_t>(batches));
    const auto rest = inner.slice(static_cast<std::size_t>(depth));
    Integers flat_shape{rows, -1};
    flat_shape.insert(flat_shape.end(), rest.begin(), rest.end());
    const at::Tensor flat = x.reshape(flat_shape);
    at::Tensor places = flat_places(in[1].to(at::kLong), inner).reshape({rows, -1});
    places = places + at::arange(rows, at::kLong).unsqueeze(1) * flat.size(1);
    Integers shape = in[1].sizes().slice(0, static_cast<std::size_t>(in[1].dim() - 1)).vec();
    shape.insert(shape.end(), rest.begin(), rest.end());
    return flat.flatten(0, 1).index_select(0, places.reshape({-1})).reshape(shape);
  });
}

Result<Compute> scatter_elements(const Node& node) {
  const std::int64_t axis = node.integer("axis", 0);
  const std::string reduction = node.word("reduction", "none");
  if (reduction != "none" && reduction != "add")
    return node.unsupported("reduction '" + reduction + "', expected none or add");
  return single([=](Inputs in) {
    const at::Tensor places = from_start(in[1], in[0].size(axis));
    return reduction == "add" ? in[0].scatter_add(axis, places, in[2])
                              : in[0].scatter(axis, places, in[2]);
  });
}

Result<Compute> scatter_nd(const Node& node) {
  const std::string reduction = node.word("reduction", "none");
  if (reduction != "none" && reduction != "add")
    return node.unsupported("reduction '" + reduction + "', expected none or add");
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const auto depth = static_cast<std::size_t>(in[1].size(-1));
    TORCH_CHECK(depth <= x.sizes().size(), "tuples of ", depth, " indices into ", x.dim(), " axes");
    const auto rest = x.sizes().slice(depth);
    Integers flat_shape{-1};
    flat_shape.insert(flat_shape.end(), rest.begin(), rest.end());
    const at::Tensor places = flat_places(in[1].to(at::kLong), x.sizes()).reshape({-1});
    const at::Tensor flat = x.reshape(flat_shape);
    const at::Tensor updates = in[2].reshape(flat_shape);
    const at::Tensor y = reduction == "add" ? flat.index_add(0, places, updates)
                                            : flat.index_copy(0, places, updates);
    return y.reshape(x.sizes());
  });
}

/// ONNX's slice of one axis; steps may be negative.
at::Tensor slice_axis(const at::Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t end,
                      std::int64_t step) {
  const std::int64_t n = x.size(axis);
  TORCH_CHECK(step != 0, "a step of 0");
  const auto bounded = [n](std::int64_t i, std::int64_t low, std::int64_t high) {
    return std::clamp(i < 0 ? i + n : i, low, high);
  };
  if (step > 0) {
    const std::int64_t first = bounded(start, 0, n);
    return x.slice(axis, first, std::max(first, bounded(end, 0, n)), step);
  }
  // The lowest possible end lies before the first element, even counted from the end.
  const std::int64_t first = bounded(start, -1, n - 1);
  const std::int64_t last = end < -n ? -1 : bounded(end, -1, n - 1);
  if (first <= last) return x.slice(axis, 0, 0);
  return x.index_select(axis, at::arange(first, last, step, at::kLong));
}

/// Starts, ends, axes and steps are attributes, in later operator sets inputs.
Result<Compute> slice(const Node& node) {
  const Integers starts = node.integers("starts");
  const Integers ends = node.integers("ends");
  const Integers axes = node.integers("axes");
  return single([=](Inputs in) {
    const auto either = [&](const Integers& attribute, std::size_t i) {
      const at::Tensor given = input_or_none(in, i);
      return given.defined() ? integers_of(given) : attribute;
    };
    const Integers first = either(starts, 1);
    const Integers last = either(ends, 2);
    Integers along = either(axes, 3);
    const Integers steps = either({}, 4);
    if (along.empty()) {
      along.resize(first.size());
      std::iota(along.begin(), along.end(), 0);
    }
    at::Tensor y = in[0];
    for (std::size_t i = 0; i < first.size(); ++i)
      y = slice_axis(y, positive_axis(along.at(i), y.dim()), first[i], last.at(i),
                     steps.empty() ? 1 : steps.at(i));
    return y;
  });
}

Result<Compute> one_hot(const Node& node) {
  const std::int64_t set = node.integer("axis", -1);
  return single([=](Inputs in) {
    const std::int64_t depth = integers_of(in[1]).at(0);
    const std::int64_t axis = positive_axis(set, in[0].dim() + 1);
    const at::Tensor indices = from_start(in[0], depth).unsqueeze(axis);
    Integers shape(static_cast<std::size_t>(indices.dim()), 1);
    shape[static_cast<std::size_t>(axis)] = depth;
    check_size({in[0].numel(), depth});
    const at::Tensor hit = indices == at::arange(depth, at::kLong).reshape(shape);
    return at::where(hit, in[2].select(0, 1), in[2].select(0, 0));
  });
}

Result<Compute> top_k(const Node& node) {
  const std::int64_t axis = node.integer("axis", -1);
  const bool largest = node.integer("largest", 1) != 0;
  const std::int64_t attribute = node.integer("k", 0);
  return Compute([=](Inputs in, const Mode&) -> Values {
    const at::Tensor given = input_or_none(in, 1);
    const std::int64_t k = given.defined() ? integers_of(given).at(0) : attribute;
    // Stable: of equals, ONNX wants the first.
    auto [sorted, places] = at::sort(in[0], /*stable=*/true, axis, largest);
    return {sorted.narrow(axis, 0, k), places.narrow(axis, 0, k)};
  });
}

Result<Compute> non_zero(const Node&) {
  return single([](Inputs in) { return in[0].nonzero().t().contiguous(); });
}

Result<Compute> trilu(const Node& node) {
  const bool upper = node.integer("upper", 1) != 0;
  return single([=](Inputs in) {
    const at::Tensor given = input_or_none(in, 1);
    const std::int64_t k = given.defined() ? given.item<std::int64_t>() : 0;
    return upper ? at::triu(in[0], k) : at::tril(in[0], k);
  });
}

constexpr Operator kTable[] = {
    {"Gather", gather, 2, bits(0)},
    {"GatherElements", gather_elements, 2},
    {"GatherND", gather_nd, 2},
    {"NonZero", non_zero},
    {"OneHot", one_hot, 3},
    {"Scatter", scatter_elements, 3},
    {"ScatterElements", scatter_elements, 3},
    {"ScatterND", scatter_nd, 3},
    {"Slice", slice},
    {"TopK", top_k},
    {"Trilu", trilu},
};

}  // namespace

std::span<const Operator> indexing_operators() { return kTable; }

}  // namespace cleave::train
