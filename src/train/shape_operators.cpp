// Operators that change shapes, and arithmetic on shapes.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/operators.h"
#include "train/tensors.h"

namespace cleave::train {
namespace {

using Integers = std::vector<std::int64_t>;

/// An attribute that later operator sets made an input.
Integers attribute_or_input(const Integers& attribute, Inputs in, std::size_t i) {
  const at::Tensor given = input_or_none(in, i);
  return given.defined() ? integers_of(given) : attribute;
}

Result<Compute> identity(const Node&) {
  return single([](Inputs in) { return in[0]; });
}

/// 0 keeps a dimension, unless the node says that it means 0. Where there is one row in the file
/// and one is asked for, there are as many as come: exporters write the batch as a number.
Result<Compute> reshape(const Node& node) {
  const bool one_row = node.rows() == 1;
  const Integers attribute = node.integers("shape");
  const bool zero_is_zero = node.integer("allowzero", 0) != 0;
  return single([=](Inputs in) {
    Integers shape = attribute_or_input(attribute, in, 1);
    for (std::size_t d = 0; d < shape.size() && !zero_is_zero; ++d)
      if (shape[d] == 0) shape[d] = in[0].size(static_cast<std::int64_t>(d));
    if (one_row && shape.size() > 1 && shape[0] == 1) shape[0] = in[0].size(0);
    return in[0].reshape(shape);
  });
}

Result<Compute> flatten(const Node& node) {
  const std::int64_t axis = node.integer("axis", 1);
  return single([=](Inputs in) {
    const std::int64_t split = axis < 0 ? axis + in[0].dim() : axis;
    std::int64_t rows = 1;
    for (std::int64_t d = 0; d < split; ++d) rows *= in[0].size(d);
    return in[0].reshape({rows, rows == 0 ? 0 : in[0].numel() / rows});
  });
}

Result<Compute> squeeze(const Node& node) {
  const Integers attribute = node.integers("axes");
  return single([=](Inputs in) {
    Integers axes = attribute_or_input(attribute, in, 1);
    if (axes.empty()) return in[0].squeeze();
    for (std::int64_t& axis : axes) axis = positive_axis(axis, in[0].dim());
    std::ranges::sort(axes, std::greater());
    at::Tensor y = in[0];
    for (const std::int64_t axis : axes) y = y.squeeze(axis);
    return y;
  });
}

Result<Compute> unsqueeze(const Node& node) {
  const Integers attribute = node.integers("axes");
  return single([=](Inputs in) {
    Integers axes = attribute_or_input(attribute, in, 1);
    const std::int64_t rank = in[0].dim() + static_cast<std::int64_t>(axes.size());
    for (std::int64_t& axis : axes) axis = positive_axis(axis, rank);
    std::ranges::sort(axes);
    at::Tensor y = in[0];
    for (const std::int64_t axis : axes) y = y.unsqueeze(axis);
    return y;
  });
}

Result<Compute> transpose(const Node& node) {
  const Integers set = node.integers("perm");
  return single([=](Inputs in) {
    Integers order = set;
    for (std::int64_t d = in[0].dim(); order.size() < static_cast<std::size_t>(in[0].dim());)
      order.push_back(--d);
    return in[0].permute(order);
  });
}

Result<Compute> concat(const Node& node) {
  const std::int64_t axis = node.integer("axis", 1);
  return single([=](Inputs in) { return at::cat(at::TensorList(in.data(), in.size()), axis); });
}

/// Into the sizes that attribute or input name, else into as many parts as there are outputs, the
/// last of them smaller where they do not fit.
Result<Compute> split(const Node& node) {
  const Integers attribute = node.integers("split");
  const std::int64_t axis = node.integer("axis", 0);
  const std::int64_t parts = node.integer("num_outputs", node.record().output_size());
  if (parts < 1) return node.unsupported("into " + std::to_string(parts) + " parts");
  return Compute([=](Inputs in, const Mode&) -> Values {
    Integers sizes = attribute_or_input(attribute, in, 1);
    if (sizes.empty()) {
      const std::int64_t whole = in[0].size(axis);
      const std::int64_t each = (whole + parts - 1) / parts;
      for (std::int64_t i = 0; i < parts; ++i)
        sizes.push_back(std::clamp<std::int64_t>(whole - i * each, 0, each));
    }
    return in[0].split_with_sizes(sizes, axis);
  });
}

Result<Compute> expand(const Node&) {
  return single([](Inputs in) {
    const Integers wanted = integers_of(in[1]);
    check_size(wanted);
    const at::Tensor like = at::zeros({1}, at::kByte).expand(wanted);
    return at::broadcast_tensors({in[0], like})[0];
  });
}

Result<Compute> tile(const Node&) {
  return single([](Inputs in) {
    const Integers times = integers_of(in[1]);
    TORCH_CHECK(times.size() == static_cast<std::size_t>(in[0].dim()), times.size(),
                " repeats of a tensor of rank ", in[0].dim());
    Integers shape = in[0].sizes().vec();
    for (std::size_t d = 0; d < shape.size(); ++d)
      TORCH_CHECK(!__builtin_mul_overflow(shape[d], times[d], &shape[d]), times, " repeats of ",
                  in[0].sizes());
    check_size(shape);
    return in[0].repeat(times);
  });
}

Result<Compute> shape(const Node& node) {
  const std::int64_t start = node.integer("start", 0);
  const bool to_the_end = !node.has("end");
  const std::int64_t end = node.integer("end", 0);
  return single([=](Inputs in) {
    const std::int64_t rank = in[0].dim();
    const auto bounded = [rank](std::int64_t i) {
      return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank);
    };
    const std::int64_t first = bounded(start);
    const std::int64_t last = std::max(first, to_the_end ? rank : bounded(end));
    return at::tensor(in[0].sizes().slice(static_cast<std::size_t>(first),
                                          static_cast<std::size_t>(last - first)),
                      at::kLong);
  });
}

Result<Compute> size(const Node&) {
  return single([](Inputs in) { return at::scalar_tensor(in[0].numel(), at::kLong); });
}

Result<Compute> cast(const Node& node) {
  const auto type = torch_type(static_cast<int>(node.integer("to", 1)));
  if (!type) return node.unsupported("to element type " + std::to_string(node.integer("to", 1)));
  return single([type](Inputs in) { return in[0].to(*type); });
}

Result<Compute> cast_like(const Node&) {
  return single([](Inputs in) { return in[0].to(in[1].scalar_type()); });
}

Result<Compute> constant(const Node& node) {
  at::Tensor value;
  if (const auto* tensor = node.tensor("value")) {
    value = CLEAVE_TRY(to_torch(*tensor));
  } else if (node.has("value_float")) {
    value = at::scalar_tensor(node.number("value_float", 0), at::kFloat);
  } else if (node.has("value_int")) {
    value = at::scalar_tensor(node.integer("value_int", 0), at::kLong);
  } else if (node.has("value_floats")) {
    value = at::tensor(node.numbers("value_floats"), at::kFloat);
  } else if (node.has("value_ints")) {
    value = at::tensor(node.integers("value_ints"), at::kLong);
  } else {
    return node.unsupported("a constant that is neither a tensor nor numbers");
  }
  return single([value](Inputs) { return value; });
}

Result<Compute> constant_of_shape(const Node& node) {
  at::Tensor value = at::zeros({1}, at::kFloat);
  if (const auto* tensor = node.tensor("value")) value = CLEAVE_TRY(to_torch(*tensor));
  return single([value](Inputs in) {
    const Integers wanted = integers_of(in[0]);
    check_size(wanted);
    return value.reshape({}).expand(wanted).contiguous();
  });
}

Result<Compute> range(const Node&) {
  return single([](Inputs in) {
    const double steps = (in[1].item<double>() - in[0].item<double>()) / in[2].item<double>();
    TORCH_CHECK(std::isfinite(steps), "a range of ", steps, " steps");
    check_size({static_cast<std::int64_t>(std::clamp(steps, 0.0, 1e18))});
    return at::arange(in[0].item(), in[1].item(), in[2].item(), in[0].options());
  });
}

Result<Compute> eye_like(const Node& node) {
  const std::int64_t k = node.integer("k", 0);
  const auto type = torch_type(static_cast<int>(node.integer("dtype", 0)));
  return single([=](Inputs in) {
    const auto options = in[0].options().dtype(type.value_or(in[0].scalar_type()));
    const at::Tensor rows = at::arange(in[0].size(0), at::kLong).unsqueeze(1);
    const at::Tensor columns = at::arange(in[0].size(1), at::kLong).unsqueeze(0);
    return (columns - rows).eq(k).to(options);
  });
}

/// Pads of any axes, by a constant, by mirroring or by the edge. Negative ones crop.
at::Tensor pad_axis(const at::Tensor& x, std::int64_t axis, std::int64_t before, std::int64_t after,
                    const std::string& mode) {
  const std::int64_t n = x.size(axis);
  TORCH_CHECK(n > 0, "nothing to pad from");
  check_size({std::abs(before)});
  check_size({std::abs(after)});
  check_size({std::max<std::int64_t>(0, before + n + after), x.numel() / n});
  at::Tensor places = at::arange(-before, n + after, at::kLong);
  if (mode == "reflect") {
    const std::int64_t period = std::max<std::int64_t>(1, 2 * (n - 1));
    places = at::remainder(places, period);
    places = at::minimum(places, period - places);
  } else if (mode == "wrap") {
    places = at::remainder(places, n);
  } else {
    places = at::clamp(places, 0, n - 1);
  }
  return x.index_select(axis, places);
}

/// Pads in libtorch's order by the number that `fill` holds, else by `value`.
at::Tensor pad_with(const at::Tensor& x, const Integers& pads, const at::Tensor& fill,
                    double value) {
  Integers shape = x.sizes().vec();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    check_size({std::abs(pads[2 * i])});
    check_size({std::abs(pads[2 * i + 1])});
    // How many rows come is up to who calls; how many are added is the network's.
    std::int64_t& size = shape[shape.size() - 1 - i];
    size = (i + 1 == shape.size() ? 1 : size) + pads[2 * i] + pads[2 * i + 1];
    size = std::max<std::int64_t>(size, 0);
  }
  check_size(shape);
  if (!fill.defined() || fill.numel() == 0) return at::constant_pad_nd(x, pads, value);
  if (!fill.requires_grad()) return at::constant_pad_nd(x, pads, fill.item());
  const at::Tensor outside = at::constant_pad_nd(at::zeros_like(x.detach()), pads, 1);
  return at::constant_pad_nd(x, pads, 0) + outside * fill;
}

Result<Compute> pad(const Node& node) {
  const std::string mode = node.word("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return node.unsupported("mode '" + mode + "', expected constant, reflect, edge or wrap");
  Integers attribute = node.integers("pads");
  if (attribute.empty()) attribute = node.integers("paddings");
  const double value = node.number("value", 0);
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const Integers given = attribute_or_input(attribute, in, 1);
    const at::Tensor fill = input_or_none(in, 2);
    Integers axes = attribute_or_input({}, in, 3);
    const std::size_t n = given.size() / 2;
    if (axes.empty()) {
      axes.resize(n);
      std::iota(axes.begin(), axes.end(), 0);
    }
    TORCH_CHECK(axes.size() == n && given.size() == 2 * n, given.size(), " pads for ", axes.size(),
                " axes");
    if (mode != "constant") {
      at::Tensor y = x;
      for (std::size_t i = 0; i < n; ++i)
        if (given[i] != 0 || given[n + i] != 0)
          y = pad_axis(y, positive_axis(axes[i], x.dim()), given[i], given[n + i], mode);
      return y;
    }
    // libtorch begins at the last axis.
    Integers theirs(2 * static_cast<std::size_t>(x.dim()), 0);
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(x.dim() - 1 - positive_axis(axes[i], x.dim()));
      theirs[2 * at] = given[i];
      theirs[2 * at + 1] = given[n + i];
    }
    return pad_with(x, theirs, fill, value);
  });
}

Result<std::int64_t> block_size(const Node& node) {
  const std::int64_t size = node.integer("blocksize", 1);
  if (size < 1 || size > 1 << 15)
    return node.unsupported("blocksize " + std::to_string(size) + ", expected 1 to 32768");
  return size;
}

/// Blocks of channels become blocks of pixels.
Result<Compute> depth_to_space(const Node& node) {
  const std::int64_t b = CLEAVE_TRY(block_size(node));
  const bool columns_first = node.word("mode", "DCR") == "CRD";
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const std::int64_t c = x.size(1) / (b * b);
    const at::Tensor parts =
        columns_first
            ? x.reshape({x.size(0), c, b, b, x.size(2), x.size(3)}).permute({0, 1, 4, 2, 5, 3})
            : x.reshape({x.size(0), b, b, c, x.size(2), x.size(3)}).permute({0, 3, 4, 1, 5, 2});
    return parts.reshape({x.size(0), c, x.size(2) * b, x.size(3) * b});
  });
}

Result<Compute> space_to_depth(const Node& node) {
  const std::int64_t b = CLEAVE_TRY(block_size(node));
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const std::int64_t h = x.size(2) / b;
    const std::int64_t w = x.size(3) / b;
    return x.reshape({x.size(0), x.size(1), h, b, w, b})
        .permute({0, 3, 5, 1, 2, 4})
        .reshape({x.size(0), x.size(1) * b * b, h, w});
  });
}

constexpr Operator kTable[] = {
    {"Cast", cast},
    {"CastLike", cast_like, 2},
    {"Concat", concat},
    {"Constant", constant, 0},
    {"ConstantOfShape", constant_of_shape},
    {"DepthToSpace", depth_to_space},
    {"Expand", expand, 2},
    {"EyeLike", eye_like},
    {"Flatten", flatten},
    {"Identity", identity},
    {"Pad", pad},
    {"Range", range, 3},
    {"Reshape", reshape},
    {"Shape", shape},
    {"Size", size},
    {"SpaceToDepth", space_to_depth},
    {"Split", split},
    {"Squeeze", squeeze},
    {"Tile", tile, 2},
    {"Transpose", transpose},
    {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const Operator> shape_operators() { return kTable; }

}  // namespace cleave::train
