#include "train/onnx_export.h"

#include <algorithm>
#include <set>

#include "train/tensors.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.onnx_export";
/// What protobuf can serialise.
constexpr std::size_t kMostBytes = 0x7fffffff;

/// The network that is written: nodes, and constants by name.
class Writer {
 public:
  explicit Writer(const Network& network) : network_(network) {
    for (const Step& step : network.steps) nodes_.push_back(network.record.graph().node(step.node));
    for (const auto& [value, constant] : network.constants)
      constants_[network.names[static_cast<std::size_t>(value)]] = {constant.value, constant.type};
  }

  /// A convolution's channels scaled and shifted as the batch norm behind it does.
  void fold_batch_norms() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const std::size_t norm = norm_behind(i);
      if (norm == nodes_.size()) continue;
      fold(nodes_[i], nodes_[norm]);
      nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(norm));
    }
  }

  Result<std::string> bytes() const {
    onnx::ModelProto record = network_.record;
    // What the file said of its weights need no longer hold.
    record.clear_doc_string();
    onnx::GraphProto& graph = *record.mutable_graph();
    graph.clear_node();
    graph.clear_value_info();
    std::set<std::string> read;
    for (const int value : network_.outputs)
      read.insert(network_.names[static_cast<std::size_t>(value)]);
    for (const onnx::NodeProto& node : nodes_) {
      *graph.add_node() = node;
      read.insert(node.input().begin(), node.input().end());
    }
    for (const auto& [name, written] : constants_)
      if (read.contains(name))
        *graph.add_initializer() = to_onnx(name, written.value.to(written.type));
    std::string bytes;
    if (record.ByteSizeLong() > kMostBytes || !record.SerializeToString(&bytes))
      return fail(ErrorCode::kResourceExhausted, kPlace, "a network of more than 2 GB");
    return bytes;
  }

 private:
  struct Written {
    at::Tensor value;
    at::ScalarType type = at::kFloat;
  };

  /// How many nodes read a value, and outputs that it is.
  int reads(const std::string& name) const {
    int count = 0;
    for (const onnx::NodeProto& node : nodes_)
      count += static_cast<int>(std::ranges::count(node.input(), name));
    for (const int value : network_.outputs)
      count += network_.names[static_cast<std::size_t>(value)] == name ? 1 : 0;
    return count;
  }

  bool has_constants(const onnx::NodeProto& node, int from) const {
    for (int i = from; i < node.input_size(); ++i)
      if (!node.input(i).empty() && !constants_.contains(node.input(i))) return false;
    return true;
  }

  /// The batch norm that alone reads a convolution with weights of its own; else how many nodes
  /// there are.
  std::size_t norm_behind(std::size_t i) const {
    const onnx::NodeProto& node = nodes_[i];
    const bool fits = (node.op_type() == "Conv" || node.op_type() == "ConvTranspose") &&
                      has_constants(node, 1) && reads(node.input(1)) == 1 &&
                      (node.input_size() < 3 || node.input(2).empty() || reads(node.input(2)) == 1);
    if (!fits || reads(node.output(0)) != 1) return nodes_.size();
    for (std::size_t n = i + 1; n < nodes_.size(); ++n) {
      const onnx::NodeProto& norm = nodes_[n];
      const bool behind = norm.op_type() == "BatchNormalization" &&
                          norm.input(0) == node.output(0) && has_constants(norm, 1) &&
                          norm.output_size() == 1 &&
                          Node(norm, network_.opset).integer("training_mode", 0) == 0;
      if (behind) return n;
    }
    return nodes_.size();
  }

  void fold(onnx::NodeProto& conv, const onnx::NodeProto& norm) {
    const auto constant = [&](int i) { return constants_.at(norm.input(i)).value.detach(); };
    const double epsilon = Node(norm, network_.opset).number("epsilon", 1e-5);
    const at::Tensor factor = constant(1) / (constant(4) + epsilon).sqrt();
    at::Tensor bias = constant(2) - constant(3) * factor;
    Written& weight = constants_.at(conv.input(1));
    weight.value = scaled(weight.value.detach(), factor, conv);
    if (conv.input_size() > 2 && !conv.input(2).empty()) {
      Written& old = constants_.at(conv.input(2));
      old.value = old.value.detach() * factor + bias;
    } else {
      std::string name = conv.output(0) + "_bias";
      while (constants_.contains(name) || reads(name) > 0) name += '_';
      constants_[name] = {bias, weight.type};
      if (conv.input_size() > 2) conv.mutable_input()->RemoveLast();
      conv.add_input(name);
    }
    conv.set_output(0, norm.output(0));
  }

  /// A Conv's weights begin with the output channel; a ConvTranspose's have it second, by groups.
  at::Tensor scaled(const at::Tensor& weight, const at::Tensor& factor,
                    const onnx::NodeProto& conv) const {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
    if (conv.op_type() == "Conv") {
      shape[0] = -1;
      return weight * factor.reshape(shape);
    }
    const std::int64_t groups = Node(conv, network_.opset).integer("group", 1);
    std::vector<std::int64_t> grouped = weight.sizes().vec();
    grouped[0] /= groups;
    grouped.insert(grouped.begin(), groups);
    shape.insert(shape.begin(), groups);
    shape[2] = -1;
    return (weight.reshape(grouped) * factor.reshape(shape)).reshape(weight.sizes());
  }

  const Network& network_;
  std::vector<onnx::NodeProto> nodes_;
  std::map<std::string, Written> constants_;
};

}  // namespace

Result<std::string> write_network(const Network& network, const ExportOptions& options) {
  const at::NoGradGuard no_grad;
  Writer writer(network);
  if (options.fold_batch_norms) writer.fold_batch_norms();
  return writer.bytes();
}

}  // namespace cleave::train
