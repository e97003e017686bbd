// Integer arithmetic on shapes, as exporters write it between a Shape and a Reshape node: done
// once, on loading, because libonnx follows it only part of the way.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "graph/normalize.h"

namespace cleave::graph {
namespace {

/// Longest list of dimensions that is followed.
constexpr std::int64_t kMaxElements = 64;

/// A scalar or a list of whole numbers.
struct Integers {
  bool scalar = false;
  std::vector<std::int64_t> values;
};
using Operands = std::vector<const Integers*>;

std::optional<Integers> read_integers(const onnx::TensorProto& tensor) {
  const auto count = element_count(tensor);
  if (tensor.data_type() != onnx::TensorProto::INT64 || tensor.dims_size() > 1) return std::nullopt;
  if (!count || *count > kMaxElements) return std::nullopt;
  Integers out{tensor.dims_size() == 0, {}};
  if (tensor.has_raw_data() && *count > 0) {
    out.values.resize(static_cast<std::size_t>(*count));
    std::memcpy(out.values.data(), tensor.raw_data().data(), tensor.raw_data().size());
  } else {
    out.values.assign(tensor.int64_data().begin(), tensor.int64_data().end());
  }
  return out;
}

onnx::TensorProto to_tensor(const Integers& integers) {
  onnx::TensorProto tensor;
  tensor.set_data_type(onnx::TensorProto::INT64);
  if (!integers.scalar) tensor.add_dims(static_cast<std::int64_t>(integers.values.size()));
  tensor.mutable_int64_data()->Add(integers.values.begin(), integers.values.end());
  return tensor;
}

std::int64_t attribute_or(const onnx::NodeProto& node, std::string_view name,
                          std::int64_t fallback) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute.i();
  }
  return fallback;
}

std::optional<Integers> gather(const onnx::NodeProto& node, const Operands& in) {
  if (in.size() != 2 || in[0]->scalar || attribute_or(node, "axis", 0) != 0) return std::nullopt;
  Integers out{in[1]->scalar, {}};
  const auto size = static_cast<std::int64_t>(in[0]->values.size());
  for (std::int64_t index : in[1]->values) {
    if (index < 0) index += size;
    if (index < 0 || index >= size) return std::nullopt;
    out.values.push_back(in[0]->values[static_cast<std::size_t>(index)]);
  }
  return out;
}

std::optional<Integers> concat(const onnx::NodeProto&, const Operands& in) {
  Integers out;
  for (const Integers* part : in) {
    if (part->scalar) return std::nullopt;
    out.values.insert(out.values.end(), part->values.begin(), part->values.end());
  }
  return out;
}

/// Axes are an attribute up to operator set 12, an input from then on.
std::vector<std::int64_t> axes_of(const onnx::NodeProto& node, const Operands& in) {
  if (in.size() > 1) return in[1]->values;
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == "axes") return {attribute.ints().begin(), attribute.ints().end()};
  }
  return {};
}

/// A scalar becomes a list; what has more dimensions is no shape.
std::optional<Integers> unsqueeze(const onnx::NodeProto& node, const Operands& in) {
  if (in.empty() || !in[0]->scalar) return std::nullopt;
  const std::vector<std::int64_t> axes = axes_of(node, in);
  if (axes.size() != 1 || (axes[0] != 0 && axes[0] != -1)) return std::nullopt;
  return Integers{false, in[0]->values};
}

std::optional<Integers> squeeze(const onnx::NodeProto&, const Operands& in) {
  if (in.empty() || in[0]->scalar || in[0]->values.size() != 1) return std::nullopt;
  return Integers{true, in[0]->values};
}

std::optional<Integers> cast(const onnx::NodeProto& node, const Operands& in) {
  if (in.size() != 1 || attribute_or(node, "to", 0) != onnx::TensorProto::INT64)
    return std::nullopt;
  return *in[0];
}

/// One binary step; false on overflow and division by zero.
bool apply(std::string_view op, std::int64_t a, std::int64_t b, std::int64_t& out) {
  if (op == "Add") return !__builtin_add_overflow(a, b, &out);
  if (op == "Sub") return !__builtin_sub_overflow(a, b, &out);
  if (op == "Mul") return !__builtin_mul_overflow(a, b, &out);
  if (b == 0 || b == -1) return false;
  out = a / b;
  return true;
}

std::optional<Integers> arithmetic(const onnx::NodeProto& node, const Operands& in) {
  if (in.size() != 2 || in[0]->values.empty() || in[1]->values.empty()) return std::nullopt;
  const std::size_t left = in[0]->values.size();
  const std::size_t right = in[1]->values.size();
  if (left != right && left != 1 && right != 1) return std::nullopt;
  Integers out{in[0]->scalar && in[1]->scalar, std::vector<std::int64_t>(std::max(left, right))};
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const std::int64_t a = in[0]->values[left == 1 ? 0 : i];
    const std::int64_t b = in[1]->values[right == 1 ? 0 : i];
    if (!apply(node.op_type(), a, b, out.values[i])) return std::nullopt;
  }
  return out;
}

struct FoldRow {
  std::string_view op;
  std::optional<Integers> (*fold)(const onnx::NodeProto&, const Operands&);
};

constexpr std::array<FoldRow, 9> kFolds{{
    {"Gather", gather},
    {"Concat", concat},
    {"Unsqueeze", unsqueeze},
    {"Squeeze", squeeze},
    {"Cast", cast},
    {"Add", arithmetic},
    {"Sub", arithmetic},
    {"Mul", arithmetic},
    {"Div", arithmetic},
}};

class Folder {
 public:
  explicit Folder(const onnx::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) {
      if (auto integers = read_integers(tensor)) known_[tensor.name()] = *std::move(integers);
    }
  }

  std::optional<onnx::TensorProto> operator()(const onnx::NodeProto& node) {
    const auto row = std::ranges::find(kFolds, node.op_type(), &FoldRow::op);
    if (row == kFolds.end()) return std::nullopt;
    Operands operands;
    for (const auto& name : node.input()) {
      const auto found = known_.find(name);
      if (found == known_.end()) return std::nullopt;
      operands.push_back(&found->second);
    }
    auto folded = row->fold(node, operands);
    if (!folded || static_cast<std::int64_t>(folded->values.size()) > kMaxElements)
      return std::nullopt;
    auto tensor = to_tensor(*folded);
    known_[node.output(0)] = *std::move(folded);
    return tensor;
  }

 private:
  std::unordered_map<std::string, Integers> known_;
};

}  // namespace

bool fold_arithmetic(onnx::ModelProto& model, TypeMap& types) {
  Folder folder(model.graph());
  return replace_nodes(*model.mutable_graph(), [&](onnx::NodeProto& node) {
    auto tensor = is_standard(node) ? folder(node) : std::nullopt;
    if (tensor) {
      const Shape shape(tensor->dims().begin(), tensor->dims().end());
      types[node.output(0)] = type_from_spec({node.output(0), DType::kI64, shape});
    }
    return tensor;
  });
}

}  // namespace cleave::graph
