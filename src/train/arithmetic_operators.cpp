// Elementwise arithmetic with broadcasting, comparisons and choices.
#include "train/operators.h"
// Behind it.
#include <ATen/ExpandUtils.h>

namespace cleave::train {
namespace {

using Binary = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

/// Up to operator set 6, `b` lines up with the axes of `a` from `axis` on.
at::Tensor lined_up(const at::Tensor& a, const at::Tensor& b, std::int64_t axis) {
  if (axis < 0 || b.dim() == 0) return b;
  std::vector<std::int64_t> shape = b.sizes().vec();
  while (axis + static_cast<std::int64_t>(shape.size()) < a.dim()) shape.push_back(1);
  return b.reshape(shape);
}

template <Binary kFunction>
Result<Compute> binary(const Node& node) {
  const std::int64_t axis = node.opset() < 7 ? node.integer("axis", -1) : -1;
  return single([axis](Inputs in) {
    const at::Tensor b = lined_up(in[0], in[1], axis);
    check_growth(at::infer_size(in[0].sizes(), b.sizes()), in[0], b);
    return kFunction(in[0], b);
  });
}

/// One after another over any number of inputs.
template <Binary kFunction>
at::Tensor over_all(Inputs in) {
  at::Tensor result = in[0];
  for (const at::Tensor& next : in.subspan(1)) {
    check_growth(at::infer_size(result.sizes(), next.sizes()), result, next);
    result = kFunction(result, next);
  }
  return result;
}

template <Binary kFunction>
Result<Compute> variadic(const Node&) {
  return single([](Inputs in) { return over_all<kFunction>(in); });
}

at::Tensor add(const at::Tensor& a, const at::Tensor& b) { return a + b; }
at::Tensor sub(const at::Tensor& a, const at::Tensor& b) { return a - b; }
at::Tensor mul(const at::Tensor& a, const at::Tensor& b) { return a * b; }
/// Of integers: towards zero.
at::Tensor div(const at::Tensor& a, const at::Tensor& b) {
  return a.is_floating_point() ? a / b : at::div(a, b, "trunc");
}
at::Tensor power(const at::Tensor& a, const at::Tensor& b) {
  return at::pow(a, b).to(a.scalar_type());
}
at::Tensor round_half_to_even(const at::Tensor& a) { return at::round(a); }

Result<Compute> mean(const Node&) {
  return single([](Inputs in) { return over_all<add>(in) / static_cast<double>(in.size()); });
}

Result<Compute> mod(const Node& node) {
  const bool truncating = node.integer("fmod", 0) != 0;
  return single([truncating](Inputs in) {
    return truncating ? at::fmod(in[0], in[1]) : at::remainder(in[0], in[1]);
  });
}

Result<Compute> where(const Node&) {
  return single([](Inputs in) {
    const auto either = at::infer_size(in[1].sizes(), in[2].sizes());
    check_growth(at::infer_size(in[0].sizes(), either), in[1], in[2]);
    return at::where(in[0], in[1], in[2]);
  });
}

/// One bound or none; later operator sets take them as inputs.
Result<Compute> clip(const Node& node) {
  c10::optional<at::Scalar> low;
  c10::optional<at::Scalar> high;
  if (node.has("min")) low = node.number("min", 0);
  if (node.has("max")) high = node.number("max", 0);
  const bool by_inputs = node.has_input(1) || node.has_input(2);
  return single([=](Inputs in) {
    if (!by_inputs) return low || high ? at::clamp(in[0], low, high) : in[0];
    at::Tensor result = in[0];
    const at::Tensor least = input_or_none(in, 1);
    const at::Tensor most = input_or_none(in, 2);
    if (least.defined()) result = at::maximum(result, least);
    if (most.defined()) result = at::minimum(result, most);
    return result;
  });
}

Result<Compute> is_inf(const Node& node) {
  const bool negative = node.integer("detect_negative", 1) != 0;
  const bool positive = node.integer("detect_positive", 1) != 0;
  return single([=](Inputs in) {
    at::Tensor found = at::zeros_like(in[0], at::kBool);
    if (negative) found = found | at::isneginf(in[0]);
    if (positive) found = found | at::isposinf(in[0]);
    return found;
  });
}

constexpr Operator kTable[] = {
    {"Abs", unary<at::abs>},
    {"Acos", unary<at::acos>},
    {"Acosh", unary<at::acosh>},
    {"Add", binary<add>, 2, bits(0, 1), 0, 2},
    {"And", binary<at::logical_and>, 2},
    {"Asin", unary<at::asin>},
    {"Asinh", unary<at::asinh>},
    {"Atan", unary<at::atan>},
    {"Atanh", unary<at::atanh>},
    {"Ceil", unary<at::ceil>},
    {"Clip", clip},
    {"Cos", unary<at::cos>},
    {"Cosh", unary<at::cosh>},
    {"Div", binary<div>, 2},
    {"Equal", binary<at::eq>, 2},
    {"Erf", unary<at::erf>},
    {"Exp", unary<at::exp>},
    {"Floor", unary<at::floor>},
    {"Greater", binary<at::gt>, 2},
    {"GreaterOrEqual", binary<at::ge>, 2},
    {"IsInf", is_inf},
    {"IsNaN", unary<at::isnan>},
    {"Less", binary<at::lt>, 2},
    {"LessOrEqual", binary<at::le>, 2},
    {"Log", unary<at::log>},
    {"Max", variadic<at::maximum>},
    {"Mean", mean},
    {"Min", variadic<at::minimum>},
    {"Mod", mod, 2},
    {"Mul", binary<mul>, 2, bits(0, 1), 0, 2},
    {"Neg", unary<at::neg>},
    {"Not", unary<at::logical_not>},
    {"Or", binary<at::logical_or>, 2},
    {"Pow", binary<power>, 2},
    {"Reciprocal", unary<at::reciprocal>},
    {"Round", unary<round_half_to_even>},
    {"Sign", unary<at::sign>},
    {"Sin", unary<at::sin>},
    {"Sinh", unary<at::sinh>},
    {"Sqrt", unary<at::sqrt>},
    {"Sub", binary<sub>, 2},
    {"Sum", variadic<add>},
    {"Tan", unary<at::tan>},
    {"Where", where, 3},
    {"Xor", binary<at::logical_xor>, 2},
};

}  // namespace

std::span<const Operator> arithmetic_operators() { return kTable; }

}  // namespace cleave::train
