#include "graph/cost.h"

#include <array>
#include <limits>
#include <string_view>

namespace cleave::graph {
namespace {

std::int64_t product(const Shape& shape, std::size_t from = 0) {
  std::int64_t total = 1;
  for (std::size_t i = from; i < shape.size(); ++i) {
    if (__builtin_mul_overflow(total, shape[i], &total))
      return std::numeric_limits<std::int64_t>::max();
  }
  return total;
}

std::int64_t times(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_mul_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}

std::optional<Shape> input_shape(const onnx::NodeProto& node, int index, const ShapeOf& shape_of) {
  if (index >= node.input_size()) return std::nullopt;
  return shape_of(node.input(index));
}

std::optional<Shape> output_shape(const onnx::NodeProto& node, const ShapeOf& shape_of) {
  if (node.output_size() == 0) return std::nullopt;
  return shape_of(node.output(0));
}

/// Each output element reads one filter: weight is [out channels, in channels / group, kernel...].
std::int64_t convolution(const onnx::NodeProto& node, int weight, const ShapeOf& shape_of) {
  const auto out = output_shape(node, shape_of);
  const auto filter = input_shape(node, weight, shape_of);
  return out && filter ? times(product(*out), product(*filter, 1)) : 0;
}

/// Each input element meets one filter: weight is [in channels, out channels / group, kernel...].
std::int64_t transposed(const onnx::NodeProto& node, int weight, const ShapeOf& shape_of) {
  const auto in = input_shape(node, 0, shape_of);
  const auto filter = input_shape(node, weight, shape_of);
  return in && filter ? times(product(*in), product(*filter, 1)) : 0;
}

/// Each output element is a dot product over the last dimension of the left matrix.
std::int64_t matrix_product(const onnx::NodeProto& node, int /*right*/, const ShapeOf& shape_of) {
  const auto out = output_shape(node, shape_of);
  const auto left = input_shape(node, 0, shape_of);
  return out && left && !left->empty() ? times(product(*out), left->back()) : 0;
}

std::int64_t general_product(const onnx::NodeProto& node, int /*right*/, const ShapeOf& shape_of) {
  const auto out = output_shape(node, shape_of);
  const auto left = input_shape(node, 0, shape_of);
  if (!out || !left || left->size() != 2) return 0;
  bool transposed_left = false;
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == "transA") transposed_left = attribute.i() != 0;
  }
  return times(product(*out), transposed_left ? left->front() : left->back());
}

/// Every step and batch element meets the weights of input and recurrence, [directions, gates,
/// size].
std::int64_t recurrent(const onnx::NodeProto& node, int weight, const ShapeOf& shape_of) {
  const auto in = input_shape(node, 0, shape_of);
  const auto w = input_shape(node, weight, shape_of);
  const auto r = input_shape(node, weight + 1, shape_of);
  if (!in || !w || !r || in->size() != 3) return 0;
  const std::int64_t steps = times((*in)[0], (*in)[1]);
  const std::int64_t of_input = times(steps, product(*w));
  const std::int64_t of_recurrence = times(steps, product(*r));
  std::int64_t sum = 0;
  return __builtin_add_overflow(of_input, of_recurrence, &sum)
             ? std::numeric_limits<std::int64_t>::max()
             : sum;
}

struct MacsRow {
  std::string_view op;
  int weight;  ///< which input holds the weights
  std::int64_t (*count)(const onnx::NodeProto&, int weight, const ShapeOf&);
};

constexpr std::array<MacsRow, 11> kMacs{{
    {"Conv", 1, convolution},
    {"ConvInteger", 1, convolution},
    {"QLinearConv", 3, convolution},
    {"ConvTranspose", 1, transposed},
    {"MatMul", 1, matrix_product},
    {"MatMulInteger", 1, matrix_product},
    {"QLinearMatMul", 3, matrix_product},
    {"Gemm", 1, general_product},
    {"LSTM", 1, recurrent},
    {"GRU", 1, recurrent},
    {"RNN", 1, recurrent},
}};

}  // namespace

std::int64_t node_macs(const onnx::NodeProto& node, const ShapeOf& shape_of) {
  for (const MacsRow& row : kMacs) {
    if (row.op == node.op_type()) return row.count(node, row.weight, shape_of);
  }
  return 0;
}

}  // namespace cleave::graph
