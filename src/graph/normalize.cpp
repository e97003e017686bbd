#include "graph/normalize.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

namespace cleave::graph {
namespace {

std::optional<onnx::TensorProto> constant_tensor(onnx::NodeProto& node) {
  if (node.op_type() != "Constant" || !is_standard(node)) return std::nullopt;
  if (node.attribute_size() != 1) return std::nullopt;
  onnx::AttributeProto& value = *node.mutable_attribute(0);
  if (value.name() != "value" || !value.has_t()) return std::nullopt;
  return std::move(*value.mutable_t());
}

onnx::TensorProto int64_tensor(const Shape& shape, const std::vector<std::int64_t>& values) {
  onnx::TensorProto tensor;
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.mutable_dims()->Add(shape.begin(), shape.end());
  tensor.mutable_int64_data()->Add(values.begin(), values.end());
  return tensor;
}

/// The dimensions that a Shape node asks for: all, or from `start` to `end` since operator set 15.
Shape asked_dims(const onnx::NodeProto& node, const Shape& shape) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t start = 0;
  std::int64_t end = rank;
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == "start") start = attribute.i();
    if (attribute.name() == "end") end = attribute.i();
  }
  const auto place = [rank](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  start = place(start);
  end = std::max(start, place(end));
  return Shape(shape.begin() + start, shape.begin() + end);
}

/// Drops the shapes that bodies declare, at any depth: they were those of other inputs.
void forget_body_shapes(onnx::GraphProto& graph) {
  const auto forget = [](onnx::ValueInfoProto& info) {
    if (info.type().has_tensor_type()) info.mutable_type()->mutable_tensor_type()->clear_shape();
  };
  const auto forget_all = [&](onnx::GraphProto& body) {
    body.clear_value_info();
    for (auto& input : *body.mutable_input()) forget(input);
    for (auto& output : *body.mutable_output()) forget(output);
    forget_body_shapes(body);
  };
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) forget_all(*attribute.mutable_g());
      for (auto& body : *attribute.mutable_graphs()) forget_all(body);
    }
  }
}

/// Resolves the shapes of inputs, remembering what each named dimension turned out to be.
class InputFixer {
 public:
  explicit InputFixer(const std::map<std::string, Shape>& asked) : asked_(asked) {}

  Result<std::vector<TensorSpec>> run(onnx::GraphProto& graph) {
    CLEAVE_CHECK(check_names(graph));
    for (const auto& input : graph.input()) bind_asked(input);
    std::vector<TensorSpec> specs;
    for (auto& input : *graph.mutable_input()) {
      specs.push_back(CLEAVE_TRY(fix(input)));
      *input.mutable_type() = type_from_spec(specs.back());
    }
    for (auto& output : *graph.mutable_output()) settle(*output.mutable_type());
    for (auto& info : *graph.mutable_value_info()) settle(*info.mutable_type());
    if (replaced_) {
      graph.clear_value_info();
      forget_body_shapes(graph);
    }
    return specs;
  }

 private:
  static std::unexpected<Error> refuse(const std::string& name, std::string what) {
    return fail(ErrorCode::kInvalidArgument, "graph.load",
                "input '" + name + "' " + std::move(what));
  }

  Result<void> check_names(const onnx::GraphProto& graph) const {
    std::string known;
    std::unordered_set<std::string> names;
    for (const auto& input : graph.input()) {
      known += (known.empty() ? "" : ", ") + input.name();
      names.insert(input.name());
    }
    for (const auto& [name, shape] : asked_) {
      if (!names.contains(name)) {
        return fail(ErrorCode::kInvalidArgument, "graph.load",
                    "a shape is given for '" + name + "', expected one of the inputs: " + known);
      }
      if (std::ranges::any_of(shape, [](std::int64_t d) { return d < 1; })) {
        return refuse(
            name, "cannot have shape " + shape_text(shape) + ", expected dimensions of at least 1");
      }
    }
    return {};
  }

  void bind_asked(const onnx::ValueInfoProto& input) {
    const auto asked = asked_.find(input.name());
    if (asked == asked_.end()) return;
    const auto& dims = input.type().tensor_type().shape().dim();
    for (int i = 0; i < std::min<int>(dims.size(), static_cast<int>(asked->second.size())); ++i) {
      if (dims[i].has_dim_param()) named_.emplace(dims[i].dim_param(), asked->second[i]);
    }
  }

  Result<TensorSpec> fix(const onnx::ValueInfoProto& input) {
    if (!input.type().has_tensor_type()) {
      return fail(ErrorCode::kUnsupported, "graph.load",
                  "input '" + input.name() + "' is not a tensor");
    }
    const auto& type = input.type().tensor_type();
    const auto dtype = dtype_from_onnx(type.elem_type());
    if (!dtype) {
      return fail(ErrorCode::kUnsupported, "graph.load",
                  "input '" + input.name() + "' has element type " +
                      std::to_string(type.elem_type()) +
                      " of ONNX, expected a number or boolean that tensors here can hold");
    }
    TensorSpec spec{input.name(), *dtype, {}};
    const auto asked = asked_.find(input.name());
    if (asked != asked_.end()) {
      spec.shape = CLEAVE_TRY(replace(type, spec.name, asked->second));
    } else if (!type.has_shape()) {
      return refuse(spec.name, "has no shape; give one with --shape " + spec.name + "=...");
    } else {
      spec.shape = CLEAVE_TRY(complete(type.shape(), spec.name));
    }
    if (!spec.byte_size())
      return refuse(spec.name, "has the impossible shape " + shape_text(spec.shape));
    return spec;
  }

  Result<Shape> replace(const onnx::TypeProto::Tensor& type, const std::string& name,
                        const Shape& asked) {
    if (!type.has_shape()) return asked;
    const auto& dims = type.shape().dim();
    if (dims.size() != static_cast<int>(asked.size())) {
      return refuse(name, "has " + std::to_string(dims.size()) + " dimensions, but shape " +
                              shape_text(asked) + " was given");
    }
    for (int i = 0; i < dims.size(); ++i) {
      if (dims[i].has_dim_value() && dims[i].dim_value() > 0 && dims[i].dim_value() != asked[i]) {
        replaced_ = true;
      }
    }
    return asked;
  }

  Result<Shape> complete(const onnx::TensorShapeProto& declared, const std::string& name) {
    Shape shape;
    for (int i = 0; i < declared.dim_size(); ++i)
      shape.push_back(dimension(declared.dim(i), i == 0));
    if (std::ranges::find(shape, -1) == shape.end()) return shape;
    std::string dims;
    for (int i = 0; i < declared.dim_size(); ++i) {
      const auto& dim = declared.dim(i);
      const std::string unknown = dim.dim_param().empty() ? "?" : dim.dim_param();
      dims += (i > 0 ? "," : "") + (shape[i] < 0 ? unknown : std::to_string(shape[i]));
    }
    return refuse(name, "has unknown dimensions [" + dims + "]; give them with --shape " + name +
                            "=" + std::string("1,...") + " (every dimension a number)");
  }

  /// A dimension that is 0 or negative in the file is some exporters' way to say "unknown".
  std::int64_t dimension(const onnx::TensorShapeProto::Dimension& dim, bool first) {
    if (dim.has_dim_value() && dim.dim_value() > 0) return dim.dim_value();
    const auto named = named_.find(dim.dim_param());
    if (!dim.dim_param().empty() && named != named_.end()) return named->second;
    if (!first) return -1;
    if (!dim.dim_param().empty()) named_.emplace(dim.dim_param(), 1);
    return 1;
  }

  /// Puts the values of named dimensions into a declared type. What stays unknown, inference may
  /// find.
  void settle(onnx::TypeProto& type) {
    if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return;
    auto& tensor = *type.mutable_tensor_type();
    if (replaced_) return tensor.clear_shape();
    for (auto& dim : *tensor.mutable_shape()->mutable_dim()) {
      const auto named = named_.find(dim.dim_param());
      if (dim.has_dim_param() && named != named_.end())
        dim.set_dim_value(named->second);
      else if (dim.has_dim_value() && dim.dim_value() <= 0)
        dim.clear_dim_value();
    }
  }

  const std::map<std::string, Shape>& asked_;
  std::map<std::string, std::int64_t> named_;
  bool replaced_ = false;
};

}  // namespace

bool replace_nodes(
    onnx::GraphProto& graph,
    const std::function<std::optional<onnx::TensorProto>(onnx::NodeProto&)>& constant_of) {
  std::unordered_set<std::string> outputs;
  for (const auto& output : graph.output()) outputs.insert(output.name());
  auto& nodes = *graph.mutable_node();
  int kept = 0;
  for (int i = 0; i < nodes.size(); ++i) {
    const bool candidate = nodes[i].output_size() == 1 && !nodes[i].output(0).empty() &&
                           !outputs.contains(nodes[i].output(0));
    if (auto tensor = candidate ? constant_of(nodes[i]) : std::nullopt) {
      tensor->set_name(nodes[i].output(0));
      *graph.add_initializer() = std::move(*tensor);
    } else {
      nodes.SwapElements(kept++, i);
    }
  }
  const bool replaced = kept < nodes.size();
  nodes.DeleteSubrange(kept, nodes.size() - kept);
  return replaced;
}

void normalize_constants(onnx::ModelProto& model) {
  onnx::GraphProto& graph = *model.mutable_graph();
  std::unordered_set<std::string> weights;
  for (const auto& tensor : graph.initializer()) weights.insert(tensor.name());
  for (const auto& sparse : graph.sparse_initializer()) weights.insert(sparse.values().name());
  auto& inputs = *graph.mutable_input();
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(),
                              [&](const auto& input) { return weights.contains(input.name()); }),
               inputs.end());
  replace_nodes(graph, constant_tensor);
  model.set_ir_version(std::max<std::int64_t>(model.ir_version(), 4));
}

Result<void> check_ranks(const onnx::GraphProto& graph) {
  const auto check = [](std::int64_t rank, const std::string& what) -> Result<void> {
    if (rank <= kMaxRank) return {};
    return fail(ErrorCode::kUnsupported, "graph.load",
                what + " has " + std::to_string(rank) + " dimensions, expected at most " +
                    std::to_string(kMaxRank));
  };
  for (const auto& input : graph.input()) {
    const int rank = input.type().tensor_type().shape().dim_size();
    CLEAVE_CHECK(check(rank, "input '" + input.name() + "'"));
  }
  std::unordered_map<std::string_view, std::int64_t> lists;  // elements of what may be a shape
  for (const auto& tensor : graph.initializer()) {
    CLEAVE_CHECK(check(tensor.dims_size(), "initialiser '" + tensor.name() + "'"));
    if (tensor.dims_size() == 1) lists[tensor.name()] = tensor.dims(0);
  }
  constexpr std::array<std::string_view, 4> kShapeTakers{"Reshape", "Expand", "Unsqueeze",
                                                         "ConstantOfShape"};
  for (const auto& node : graph.node()) {
    if (std::ranges::find(kShapeTakers, node.op_type()) == kShapeTakers.end()) continue;
    std::int64_t rank = 0;
    for (const auto& attribute : node.attribute())
      rank = std::max<std::int64_t>(rank, attribute.ints_size());
    const auto list = lists.find(node.input_size() > 0 ? node.input(node.input_size() - 1) : "");
    if (list != lists.end() && (node.input_size() > 1 || node.op_type() == "ConstantOfShape"))
      rank = std::max(rank, list->second);
    CLEAVE_CHECK(check(rank, "what node '" + node.name() + "' makes"));
  }
  return {};
}

void sort_nodes(onnx::ModelProto& model, const std::vector<int>& order) {
  if (std::ranges::is_sorted(order)) return;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> sorted;
  auto& nodes = *model.mutable_graph()->mutable_node();
  for (const int node : order) sorted.Add(std::move(nodes[node]));
  nodes.Swap(&sorted);
}

Result<std::vector<TensorSpec>> fix_inputs(onnx::ModelProto& model,
                                           const std::map<std::string, Shape>& shapes) {
  return InputFixer(shapes).run(*model.mutable_graph());
}

bool fold_shapes(onnx::ModelProto& model, TypeMap& types) {
  return replace_nodes(
      *model.mutable_graph(), [&](onnx::NodeProto& node) -> std::optional<onnx::TensorProto> {
        const bool is_shape = node.op_type() == "Shape";
        if (!(is_shape || node.op_type() == "Size") || !is_standard(node)) return std::nullopt;
        if (node.input_size() != 1) return std::nullopt;
        const auto type = types.find(node.input(0));
        if (type == types.end()) return std::nullopt;
        const auto spec = spec_from_type(node.input(0), type->second);
        const auto count = spec ? cleave::element_count(spec->shape) : std::nullopt;
        if (!count) return std::nullopt;
        const Shape dims = is_shape ? asked_dims(node, spec->shape) : Shape{*count};
        const Shape shape = is_shape ? Shape{static_cast<std::int64_t>(dims.size())} : Shape{};
        types[node.output(0)] = type_from_spec({node.output(0), DType::kI64, shape});
        return int64_tensor(shape, dims);
      });
}

}  // namespace cleave::graph
