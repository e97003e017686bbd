// Products of matrices.
#include "train/operators.h"

namespace cleave::train {
namespace {

Result<Compute> matmul(const Node&) {
  return single([](Inputs in) {
    if (in[0].dim() > 1 && in[1].dim() > 1)
      check_growth({in[0].size(-2), in[1].size(-1)}, in[0], in[1]);
    return at::matmul(in[0], in[1]);
  });
}

/// alpha·A·B + beta·C, A and B transposed where the node says so.
Result<Compute> gemm(const Node& node) {
  const double alpha = node.number("alpha", 1);
  const double beta = node.number("beta", 1);
  const bool transpose_a = node.integer("transA", 0) != 0;
  const bool transpose_b = node.integer("transB", 0) != 0;
  return single([=](Inputs in) {
    const at::Tensor a = transpose_a ? in[0].t() : in[0];
    const at::Tensor b = transpose_b ? in[1].t() : in[1];
    const at::Tensor c = input_or_none(in, 2);
    if (c.defined() && a.is_floating_point()) return at::addmm(c, a, b, beta, alpha);
    const at::Tensor product = at::matmul(a, b) * alpha;
    return (c.defined() ? product + c * beta : product).to(a.scalar_type());
  });
}

Result<Compute> einsum(const Node& node) {
  std::string equation = node.word("equation", "");
  std::erase(equation, ' ');
  return single(
      [equation](Inputs in) { return at::einsum(equation, at::TensorList(in.data(), in.size())); });
}

constexpr Operator kTable[] = {
    {"Einsum", einsum},
    {"Gemm", gemm, 2, bits(1, 2)},
    {"MatMul", matmul, 2, bits(0, 1)},
};

}  // namespace

std::span<const Operator> matrix_operators() { return kTable; }

}  // namespace cleave::train
