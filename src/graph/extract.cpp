#include "graph/extract.h"

#include <algorithm>
#include <unordered_set>

namespace cleave::graph {
namespace {

class Extractor {
 public:
  Extractor(const onnx::ModelProto& model, const Wiring& wiring, const TypeMap& types)
      : model_(model), graph_(model.graph()), wiring_(wiring), types_(types) {}

  Result<onnx::ModelProto> run(const std::vector<std::string>& input_names,
                               const std::vector<std::string>& output_names) {
    if (output_names.empty()) {
      return fail(ErrorCode::kInvalidArgument, "graph.extract", "no outputs are asked for");
    }
    CLEAVE_CHECK(resolve(input_names, inputs_));
    CLEAVE_CHECK(resolve(output_names, outputs_));
    CLEAVE_CHECK(collect());
    copy_frame();
    CLEAVE_CHECK(declare_inputs());
    for (const int value : outputs_) *part().add_output() = describe(value);
    copy_nodes();
    copy_quantization();
    copy_initializers();
    return std::move(out_);
  }

 private:
  onnx::GraphProto& part() { return *out_.mutable_graph(); }

  Result<void> resolve(const std::vector<std::string>& names, std::vector<int>& values) const {
    for (const auto& name : names) {
      const auto found = wiring_.by_name.find(name);
      if (found == wiring_.by_name.end()) {
        return fail(ErrorCode::kInvalidArgument, "graph.extract",
                    "the network has no value '" + name + "'");
      }
      if (std::ranges::find(values, found->second) != values.end()) {
        return fail(ErrorCode::kInvalidArgument, "graph.extract", "'" + name + "' is named twice");
      }
      values.push_back(found->second);
    }
    return {};
  }

  /// Walks from the outputs upstream to the inputs, marking what is needed on the way.
  Result<void> collect() {
    needed_values_.assign(wiring_.values.size(), 0);
    needed_nodes_.assign(wiring_.makes.size(), 0);
    std::vector<char> given(wiring_.values.size(), 0);
    for (const int value : inputs_) given[value] = 1;
    std::vector<int> open(outputs_.begin(), outputs_.end());
    while (!open.empty()) {
      const int value = open.back();
      open.pop_back();
      if (given[value] || std::exchange(needed_values_[value], 1)) continue;
      const Value& v = wiring_.values[value];
      if (v.is_input) {
        return fail(ErrorCode::kInvalidArgument, "graph.extract",
                    "the outputs need the graph input '" + v.name +
                        "', which is not among the inputs given");
      }
      if (v.producer < 0 || std::exchange(needed_nodes_[v.producer], 1)) continue;
      for (const int read : wiring_.reads[v.producer]) open.push_back(read);
    }
    for (const int value : inputs_) {
      const int producer = wiring_.values[value].producer;
      if (producer >= 0 && needed_nodes_[producer]) {
        return fail(ErrorCode::kInvalidArgument, "graph.extract",
                    "input '" + wiring_.values[value].name +
                        "' would be made again by a node that the outputs need");
      }
    }
    return {};
  }

  void copy_frame() {
    out_.set_ir_version(model_.ir_version());
    *out_.mutable_opset_import() = model_.opset_import();
    out_.set_producer_name(model_.producer_name());
    out_.set_producer_version(model_.producer_version());
    out_.set_domain(model_.domain());
    out_.set_model_version(model_.model_version());
    out_.set_doc_string(model_.doc_string());
    *out_.mutable_metadata_props() = model_.metadata_props();
    // The checker wants a name; old exporters gave none.
    part().set_name(graph_.name().empty() ? "graph" : graph_.name());
    part().set_doc_string(graph_.doc_string());
  }

  onnx::ValueInfoProto describe(int value) const {
    onnx::ValueInfoProto info;
    info.set_name(wiring_.values[value].name);
    const auto type = types_.find(info.name());
    if (type != types_.end()) *info.mutable_type() = type->second;
    return info;
  }

  Result<void> declare_inputs() {
    for (const int value : inputs_) {
      onnx::ValueInfoProto info = describe(value);
      if (info.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) {
        return fail(
            ErrorCode::kUnsupported, "graph.extract",
            "the type of '" + info.name() + "' is unknown, so it cannot be the input of a network");
      }
      *part().add_input() = std::move(info);
    }
    return {};
  }

  void copy_nodes() {
    const std::unordered_set<int> listed(outputs_.begin(), outputs_.end());
    for (int node = 0; node < graph_.node_size(); ++node) {
      if (!needed_nodes_[node]) continue;
      *part().add_node() = graph_.node(node);
      for (const int value : wiring_.makes[node]) {
        if (listed.contains(value)) continue;
        onnx::ValueInfoProto info = describe(value);
        if (info.has_type()) *part().add_value_info() = std::move(info);
      }
    }
  }

  /// Annotations of what is here; the scales and zero points they name are needed, too.
  void copy_quantization() {
    std::vector<char> here = needed_values_;
    for (const int value : inputs_) here[value] = 1;
    for (const auto& annotation : graph_.quantization_annotation()) {
      const auto found = wiring_.by_name.find(annotation.tensor_name());
      if (found == wiring_.by_name.end() || !here[found->second]) continue;
      *part().add_quantization_annotation() = annotation;
      for (const auto& entry : annotation.quant_parameter_tensor_names()) {
        const auto parameter = wiring_.by_name.find(entry.value());
        if (parameter != wiring_.by_name.end()) needed_values_[parameter->second] = 1;
      }
    }
  }

  void copy_initializers() {
    const auto needed = [this](const std::string& name) {
      return needed_values_[wiring_.by_name.at(name)] != 0;
    };
    for (const auto& tensor : graph_.initializer()) {
      if (needed(tensor.name())) *part().add_initializer() = tensor;
    }
    for (const auto& sparse : graph_.sparse_initializer()) {
      if (needed(sparse.values().name())) *part().add_sparse_initializer() = sparse;
    }
  }

  const onnx::ModelProto& model_;
  const onnx::GraphProto& graph_;
  const Wiring& wiring_;
  const TypeMap& types_;
  std::vector<int> inputs_;
  std::vector<int> outputs_;
  std::vector<char> needed_values_;
  std::vector<char> needed_nodes_;
  onnx::ModelProto out_;
};

}  // namespace

Result<onnx::ModelProto> extract_model(const onnx::ModelProto& model, const Wiring& wiring,
                                       const TypeMap& types,
                                       const std::vector<std::string>& input_names,
                                       const std::vector<std::string>& output_names) {
  return Extractor(model, wiring, types).run(input_names, output_names);
}

}  // namespace cleave::graph
