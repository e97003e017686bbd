// Activations, softmax and dropout.
#include "train/operators.h"
// Behind it.
#include <ATen/autocast_mode.h>

namespace cleave::train {
namespace {

at::Tensor soft_plus(const at::Tensor& x) { return at::logaddexp(x, at::zeros_like(x)); }
at::Tensor soft_sign(const at::Tensor& x) { return x / (1 + x.abs()); }
at::Tensor mish(const at::Tensor& x) { return x * at::tanh(soft_plus(x)); }
at::Tensor hard_swish(const at::Tensor& x) { return x * at::clamp(x / 6 + 0.5, 0, 1); }

Result<Compute> leaky_relu(const Node& node) {
  const double alpha = node.number("alpha", 0.01);
  return single([=](Inputs in) { return at::leaky_relu(in[0], alpha); });
}

Result<Compute> elu(const Node& node) {
  const double alpha = node.number("alpha", 1);
  return single([=](Inputs in) { return at::elu(in[0], alpha); });
}

Result<Compute> celu(const Node& node) {
  const double alpha = node.number("alpha", 1);
  return single([=](Inputs in) { return at::celu(in[0], alpha); });
}

/// ONNX's default for the constants is that of the paper, rounded to float.
Result<Compute> selu(const Node& node) {
  const double alpha = node.number("alpha", 1.67326319217681884765625);
  const double gamma = node.number("gamma", 1.05070102214813232421875);
  return single([=](Inputs in) { return at::elu(in[0], alpha, gamma); });
}

Result<Compute> hard_sigmoid(const Node& node) {
  const double alpha = node.number("alpha", 0.2);
  const double beta = node.number("beta", 0.5);
  return single([=](Inputs in) { return at::clamp(in[0] * alpha + beta, 0, 1); });
}

Result<Compute> thresholded_relu(const Node& node) {
  const double alpha = node.number("alpha", 1);
  return single([=](Inputs in) { return at::threshold(in[0], alpha, 0); });
}

Result<Compute> shrink(const Node& node) {
  const double bias = node.number("bias", 0);
  const double lambda = node.number("lambd", 0.5);
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const at::Tensor zero = at::zeros_like(x);
    return at::where(x < -lambda, x + bias, at::where(x > lambda, x - bias, zero));
  });
}

Result<Compute> gelu(const Node& node) {
  const std::string approximate = node.word("approximate", "none");
  return single([=](Inputs in) { return at::gelu(in[0], approximate); });
}

/// The slope's axes line up with the input's from the right, so that one a channel is C×1×1; up to
/// operator set 6 it is one a channel, flat.
Result<Compute> prelu(const Node& node) {
  const bool by_channel = node.opset() < 7;
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    at::Tensor slope = in[1];
    if (by_channel && slope.numel() > 1 && x.dim() > 1) {
      std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
      shape[1] = -1;
      slope = slope.reshape(shape);
    }
    return at::where(x > 0, x, slope * x);
  });
}

using AlongAxis = at::Tensor (*)(const at::Tensor&, std::int64_t);

/// Autocasting gives bfloat16, in which probabilities do not sum to 1.
at::Tensor in_floats(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 && at::autocast::is_cpu_enabled() ? x.to(at::kFloat) : x;
}

at::Tensor softmax(const at::Tensor& x, std::int64_t axis) {
  return at::softmax(in_floats(x), axis);
}
at::Tensor log_softmax(const at::Tensor& x, std::int64_t axis) {
  return at::log_softmax(in_floats(x), axis);
}
at::Tensor hardmax(const at::Tensor& x, std::int64_t axis) {
  return at::zeros_like(x).scatter(axis, x.argmax(axis, true), 1);
}

/// Before operator set 13 all axes from `axis` on are one.
template <AlongAxis kFunction>
Result<Compute> along_axis(const Node& node) {
  const bool flattens = node.opset() < 13;
  const std::int64_t axis = node.integer("axis", flattens ? 1 : -1);
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const std::int64_t at = axis == x.dim() ? axis : positive_axis(axis, x.dim());
    if (!flattens || at + 1 == x.dim()) return kFunction(x, at);
    std::int64_t rows = 1;
    for (std::int64_t d = 0; d < at; ++d) rows *= x.size(d);
    return kFunction(x.reshape({rows, -1}), 1).reshape(x.sizes());
  });
}

/// In training mode it drops; the second output says what it kept.
Result<Compute> dropout(const Node& node) {
  const double attribute = node.number("ratio", 0.5);
  const bool mask = node.has_output(1);
  return Compute([=](Inputs in, const Mode& mode) -> Values {
    const at::Tensor given = input_or_none(in, 1);
    const at::Tensor forced = input_or_none(in, 2);
    const double ratio = given.defined() ? given.item<double>() : attribute;
    const bool drops = (mode.training || (forced.defined() && forced.item<bool>())) && ratio > 0;
    if (!drops) return mask ? Values{in[0], at::ones_like(in[0], at::kBool)} : Values{in[0]};
    const at::Tensor kept = at::rand_like(in[0]) >= ratio;
    return {in[0] * kept / (1 - ratio), kept};
  });
}

constexpr Operator kTable[] = {
    {"Celu", celu},
    {"Dropout", dropout},
    {"Elu", elu},
    {"Gelu", gelu},
    {"HardSigmoid", hard_sigmoid},
    {"HardSwish", unary<hard_swish>},
    {"Hardmax", along_axis<hardmax>},
    {"LeakyRelu", leaky_relu},
    {"LogSoftmax", along_axis<log_softmax>},
    {"Mish", unary<mish>},
    {"PRelu", prelu, 2, bits(1)},
    {"Relu", unary<at::relu>},
    {"Selu", selu},
    {"Shrink", shrink},
    {"Sigmoid", unary<at::sigmoid>},
    {"Softmax", along_axis<softmax>},
    {"Softplus", unary<soft_plus>},
    {"Softsign", unary<soft_sign>},
    {"Tanh", unary<at::tanh>},
    {"ThresholdedRelu", thresholded_relu},
};

}  // namespace

std::span<const Operator> activation_operators() { return kTable; }

}  // namespace cleave::train
