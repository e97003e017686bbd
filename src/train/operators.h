#pragma once

// The ONNX operators that networks are trained through, as functions of libtorch tensors. Private
// to the module.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "train/aten.h"
#include "train/node.h"

namespace cleave::train {

using Values = std::vector<at::Tensor>;
/// A node's inputs in its order; one that is left out is undefined.
using Inputs = std::span<const at::Tensor>;

/// What differs between training and inference: batch norms use and learn the batch's statistics,
/// dropouts drop.
struct Mode {
  bool training = false;
};

/// What a node computes; throws what ATen throws where shapes and types do not fit. One that
/// learns (a batch norm's statistics) writes into its inputs.
using Compute = std::function<Values(Inputs, const Mode&)>;

/// A set of inputs.
template <class... Ints>
constexpr std::uint32_t bits(Ints... inputs) {
  return ((1U << inputs) | ...);
}

/// A row of the table of operators.
struct Operator {
  std::string_view name;
  /// Reads the node's attributes once. Errors: kUnsupported for what is not built.
  Result<Compute> (*make)(const Node& node);
  /// So many of the first inputs are there in every node.
  int inputs = 1;
  /// Inputs, by bits, that are trained where they are constants of floats, and those that are
  /// statistics which training mode writes.
  std::uint32_t weights = 0;
  std::uint32_t statistics = 0;
  /// Constants of fewer elements are settings, not weights.
  std::int64_t least_weight = 1;
};

/// Every operator there is, found by name; nullptr for an unknown one.
const Operator* find_operator(std::string_view name);

/// The tables by kind, which find_operator() joins.
std::span<const Operator> arithmetic_operators();
std::span<const Operator> activation_operators();
std::span<const Operator> convolution_operators();
std::span<const Operator> pooling_operators();
std::span<const Operator> normalization_operators();
std::span<const Operator> matrix_operators();
std::span<const Operator> reduction_operators();
std::span<const Operator> shape_operators();
std::span<const Operator> indexing_operators();
std::span<const Operator> resize_operators();

/// A compute function of one output.
template <class F>
Compute single(const F& function) {
  return [function](Inputs in, const Mode&) { return Values{function(in)}; };
}

/// What a function of one tensor computes, of which a node has no more to say.
template <at::Tensor (*kFunction)(const at::Tensor&)>
Result<Compute> unary(const Node&) {
  return single([](Inputs in) { return kFunction(in[0]); });
}

/// The `i`-th input, or an undefined tensor where the node has fewer.
inline at::Tensor input_or_none(Inputs in, std::size_t i) {
  return i < in.size() ? in[i] : at::Tensor();
}

/// A list of whole numbers out of a tensor of any integer type.
std::vector<std::int64_t> integers_of(const at::Tensor& tensor);

/// Throws where a tensor of this shape, which the network's data asks for, is too large.
void check_size(at::IntArrayRef shape);

/// The same for a result that may be larger than what it is made from, and no check where it is
/// not: how many rows come is up to who calls.
void check_growth(at::IntArrayRef shape, const at::Tensor& a, const at::Tensor& b);

/// An axis counted from the end as one counted from the start; throws outside [-rank, rank).
std::int64_t positive_axis(std::int64_t axis, std::int64_t rank);

}  // namespace cleave::train
