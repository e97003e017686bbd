// Batch, instance, layer, group and local response normalisation.
#include <algorithm>

#include "train/operators.h"

namespace cleave::train {
namespace {

/// A value for each channel (axis 1) in a shape that broadcasts over an input.
at::Tensor by_channel(const at::Tensor& values, const at::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  if (x.dim() > 1) shape[1] = -1;
  return values.reshape(shape);
}

/// X, scale, bias, mean, variance. In training mode it uses the batch's statistics and moves the
/// running ones towards them, unless its scale is not trained: then it is frozen. The attribute
/// `training_mode` of a node that is run for inference gives the batch's statistics too.
Result<Compute> batch_normalization(const Node& node) {
  const double epsilon = node.number("epsilon", 1e-5);
  const double momentum = node.number("momentum", 0.9);
  if (node.integer("spatial", 1) == 0) return node.unsupported("spatial=0");
  const bool always = node.integer("training_mode", 0) != 0;
  const bool running = node.has_output(1);
  return Compute([=](Inputs in, const Mode& mode) -> Values {
    const bool learns = mode.training && in[1].requires_grad();
    const bool training = learns || always;
    // What a node computes for inference may not change it.
    const at::Tensor mean = training && !learns ? in[3].clone() : in[3];
    const at::Tensor variance = training && !learns ? in[4].clone() : in[4];
    const at::Tensor y =
        at::batch_norm(in[0], in[1], in[2], mean, variance, training, 1 - momentum, epsilon, false);
    if (!running) return {y};
    if (!training) return {y, mean, variance};
    // ONNX's running variance is of the population, libtorch's of the sample.
    std::vector<std::int64_t> axes{0};
    for (std::int64_t d = 2; d < in[0].dim(); ++d) axes.push_back(d);
    const at::Tensor seen = in[0].detach().var(axes, false);
    return {y, mean, in[4] * momentum + seen * (1 - momentum)};
  });
}

/// X, scale, bias.
Result<Compute> instance_normalization(const Node& node) {
  const double epsilon = node.number("epsilon", 1e-5);
  return single([=](Inputs in) {
    return at::instance_norm(in[0], in[1], in[2], {}, {}, true, 0, epsilon, false);
  });
}

Result<Compute> layer_normalization(const Node& node) {
  const double epsilon = node.number("epsilon", 1e-5);
  const std::int64_t axis = node.integer("axis", -1);
  return Compute([=](Inputs in, const Mode&) -> Values {
    const at::Tensor& x = in[0];
    std::vector<std::int64_t> axes;
    for (std::int64_t d = positive_axis(axis, x.dim()); d < x.dim(); ++d) axes.push_back(d);
    const at::Tensor mean = x.mean(axes, true);
    const at::Tensor inverse = (x.var(axes, false, true) + epsilon).rsqrt();
    at::Tensor y = (x - mean) * inverse * in[1];
    const at::Tensor bias = input_or_none(in, 2);
    if (bias.defined()) y = y + bias;
    return {y, mean, inverse};
  });
}

/// Scale and bias are one a group in operator set 18, one a channel from 21 on.
Result<Compute> group_normalization(const Node& node) {
  const double epsilon = node.number("epsilon", 1e-5);
  const std::int64_t groups = node.integer("num_groups", 1);
  if (groups < 1) return node.unsupported("num_groups " + std::to_string(groups));
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const at::Tensor each = at::group_norm(x, groups, {}, {}, epsilon, false);
    const auto spread = [&](const at::Tensor& v) {
      return by_channel(v.numel() == x.size(1) ? v : v.repeat_interleave(x.size(1) / groups), x);
    };
    return each * spread(in[1]) + spread(in[2]);
  });
}

/// Over `size` channels around each.
Result<Compute> local_response_normalization(const Node& node) {
  const double alpha = node.number("alpha", 1e-4);
  const double beta = node.number("beta", 0.75);
  const double bias = node.number("bias", 1);
  const std::int64_t size = node.integer("size", 1);
  if (size < 1) return node.unsupported("size " + std::to_string(size));
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    check_size({size, x.numel()});
    const std::int64_t before = (size - 1) / 2;
    const at::Tensor squares = (x * x).reshape({x.size(0), 1, x.size(1), -1});
    const at::Tensor wide = at::constant_pad_nd(squares, {0, 0, before, size - 1 - before}, 0);
    const at::Tensor sums = at::avg_pool2d(wide, {size, 1}, {1, 1}, {0, 0}, false, true, 1);
    return x / (sums.reshape(x.sizes()) * (alpha / static_cast<double>(size)) + bias).pow(beta);
  });
}

Result<Compute> lp_normalization(const Node& node) {
  const std::int64_t axis = node.integer("axis", -1);
  const std::int64_t p = node.integer("p", 2);
  return single([=](Inputs in) { return in[0] / at::norm(in[0], p, {axis}, true); });
}

Result<Compute> mean_variance_normalization(const Node& node) {
  std::vector<std::int64_t> axes = node.integers("axes");
  if (axes.empty()) axes = {0, 2, 3};
  return single([=](Inputs in) {
    const at::Tensor centred = in[0] - in[0].mean(axes, true);
    return centred / ((centred * centred).mean(axes, true).sqrt() + 1e-9);
  });
}

constexpr Operator kTable[] = {
    {"BatchNormalization", batch_normalization, 5, bits(1, 2), bits(3, 4)},
    {"GroupNormalization", group_normalization, 3, bits(1, 2)},
    {"InstanceNormalization", instance_normalization, 3, bits(1, 2)},
    {"LRN", local_response_normalization},
    {"LayerNormalization", layer_normalization, 2, bits(1, 2)},
    {"LpNormalization", lp_normalization},
    {"MeanVarianceNormalization", mean_variance_normalization},
};

}  // namespace

std::span<const Operator> normalization_operators() { return kTable; }

}  // namespace cleave::train
