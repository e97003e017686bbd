#include "graph/functions.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace cleave::graph {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

constexpr std::size_t kMaxDepth = 64;

// Fields that came after this libonnx; protobuf keeps them aside.
constexpr int kFunctionDefaultsField = 11;
constexpr int kFunctionOverloadField = 13;
constexpr int kNodeOverloadField = 8;

/// The texts of a field that is not in libonnx's records.
std::vector<std::string> later_field(const google::protobuf::Message& message, int number) {
  std::vector<std::string> texts;
  const auto& fields = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      texts.push_back(field.length_delimited());
    }
  }
  return texts;
}

/// What a function is called by: domain, name and overload.
std::string key_of(std::string_view domain, const std::string& name,
                   const std::vector<std::string>& overload) {
  const std::string_view spelled = domain == "ai.onnx" ? "" : domain;
  return std::string(spelled) + ":" + name + (overload.empty() ? "" : ":" + overload.back());
}

struct Function {
  const onnx::FunctionProto* proto;
  std::vector<onnx::AttributeProto> defaults;  ///< of attributes that a call may leave out
};

/// One call under expansion: what the function's own names and attributes stand for.
struct Call {
  std::string prefix;
  std::unordered_map<std::string, std::string> names;
  std::unordered_map<std::string, const onnx::AttributeProto*> attributes;
};

class Inliner {
 public:
  explicit Inliner(onnx::ModelProto& model) : model_(model) {
    for (const auto& proto : model.functions()) {
      Function function{&proto, {}};
      for (const std::string& bytes : later_field(proto, kFunctionDefaultsField)) {
        onnx::AttributeProto attribute;
        if (attribute.ParseFromString(bytes)) function.defaults.push_back(std::move(attribute));
      }
      functions_[key_of(proto.domain(), proto.name(), later_field(proto, kFunctionOverloadField))] =
          std::move(function);
    }
    note_names(model.graph());
  }

  Result<void> run() {
    CLEAVE_CHECK(expand(*model_.mutable_graph()));
    for (const auto& function : model_.functions()) {
      for (const auto& set : function.opset_import()) import(set);
    }
    model_.clear_functions();
    return {};
  }

 private:
  void note_names(const onnx::GraphProto& graph) {
    for (const auto& input : graph.input()) used_.try_emplace(input.name(), 1);
    for (const auto& tensor : graph.initializer()) used_.try_emplace(tensor.name(), 1);
    for (const auto& node : graph.node()) {
      for (const auto& name : node.output()) used_.try_emplace(name, 1);
      for (const auto& attribute : node.attribute()) {
        if (attribute.has_g()) note_names(attribute.g());
        for (const auto& body : attribute.graphs()) note_names(body);
      }
    }
  }

  void import(const onnx::OperatorSetIdProto& set) {
    const auto plain = [](const std::string& domain) { return domain == "ai.onnx" ? "" : domain; };
    const bool there = std::ranges::any_of(model_.opset_import(), [&](const auto& known) {
      return plain(known.domain()) == plain(set.domain());
    });
    if (!there) *model_.add_opset_import() = set;
  }

  Result<void> expand(onnx::GraphProto& graph) {
    Nodes expanded;
    for (auto& node : *graph.mutable_node()) CLEAVE_CHECK(emit(std::move(node), expanded));
    graph.mutable_node()->Swap(&expanded);
    return {};
  }

  /// Adds a node, or what it calls, to `out`.
  Result<void> emit(onnx::NodeProto node, Nodes& out) {
    CLEAVE_CHECK(count(node));
    const auto function = functions_.find(
        key_of(node.domain(), node.op_type(), later_field(node, kNodeOverloadField)));
    if (function != functions_.end()) return expand_call(node, function->second, out);
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) CLEAVE_CHECK(expand(*attribute.mutable_g()));
      for (auto& body : *attribute.mutable_graphs()) CLEAVE_CHECK(expand(body));
    }
    *out.Add() = std::move(node);
    return {};
  }

  Result<void> count(const onnx::NodeProto& node) {
    bytes_ += open_.empty() ? 0 : static_cast<std::int64_t>(node.ByteSizeLong());
    if (++nodes_ <= kMaxInlinedNodes && bytes_ <= kMaxInlinedBytes) return {};
    return fail(ErrorCode::kResourceExhausted, "graph.load",
                "calls of functions expand to more than " + std::to_string(kMaxInlinedNodes) +
                    " nodes or " + std::to_string(kMaxInlinedBytes) + " bytes");
  }

  Result<void> expand_call(const onnx::NodeProto& node, const Function& function, Nodes& out) {
    CLEAVE_CHECK(open(function));
    Call call{node.name().empty() ? node.op_type() : node.name(), {}, {}};
    for (const auto& attribute : function.defaults) call.attributes[attribute.name()] = &attribute;
    for (const auto& attribute : node.attribute()) call.attributes[attribute.name()] = &attribute;
    const Nodes aliases = bind_formals(node, *function.proto, call);
    for (const auto& own : function.proto->node()) {
      onnx::NodeProto bound = own;
      bind(bound, call);
      CLEAVE_CHECK(emit(std::move(bound), out));
    }
    for (const auto& alias : aliases) *out.Add() = alias;
    open_.pop_back();
    return {};
  }

  Result<void> open(const Function& function) {
    if (std::ranges::find(open_, &function) != open_.end()) {
      return fail(ErrorCode::kCorrupt, "graph.load",
                  "function '" + function.proto->name() + "' calls itself");
    }
    if (open_.size() == kMaxDepth) {
      return fail(ErrorCode::kResourceExhausted, "graph.load",
                  "functions call each other more than " + std::to_string(kMaxDepth) + " deep");
    }
    open_.push_back(&function);
    return {};
  }

  /// Gives the function's inputs and outputs their names at the call. An output that is an input,
  /// or another output, handed through is a copy of it: those nodes are returned.
  static Nodes bind_formals(const onnx::NodeProto& node, const onnx::FunctionProto& function,
                            Call& call) {
    for (int i = 0; i < function.input_size(); ++i)
      call.names[function.input(i)] = i < node.input_size() ? node.input(i) : "";
    Nodes aliases;
    for (int i = 0; i < std::min(function.output_size(), node.output_size()); ++i) {
      if (node.output(i).empty()) continue;
      const auto [known, fresh] = call.names.try_emplace(function.output(i), node.output(i));
      if (fresh) continue;
      onnx::NodeProto& copy = *aliases.Add();
      copy.set_op_type("Identity");
      copy.set_name(call.prefix + "/" + function.output(i));
      copy.add_input(known->second);
      copy.add_output(node.output(i));
    }
    return aliases;
  }

  void rename(std::string& name, Call& call) {
    if (name.empty()) return;
    const auto [known, fresh] = call.names.try_emplace(name);
    if (fresh) known->second = unique(call.prefix + "/" + name);
    name = known->second;
  }

  /// `wanted`, or that with a number behind it where the name is taken.
  std::string unique(const std::string& wanted) {
    const auto [entry, fresh] = used_.try_emplace(wanted, 1);
    if (fresh) return wanted;
    int& number = entry->second;
    for (;;) {
      std::string candidate = wanted + "_" + std::to_string(++number);
      if (used_.try_emplace(candidate, 1).second) return candidate;
    }
  }

  void bind(onnx::NodeProto& node, Call& call) {
    if (!node.name().empty()) node.set_name(call.prefix + "/" + node.name());
    for (auto& name : *node.mutable_input()) rename(name, call);
    for (auto& name : *node.mutable_output()) rename(name, call);
    google::protobuf::RepeatedPtrField<onnx::AttributeProto> bound;
    for (auto& attribute : *node.mutable_attribute()) bind(std::move(attribute), call, bound);
    node.mutable_attribute()->Swap(&bound);
  }

  /// An attribute that refers to one of the call becomes that, or nothing where the call has none.
  void bind(onnx::AttributeProto attribute, Call& call,
            google::protobuf::RepeatedPtrField<onnx::AttributeProto>& out) {
    if (!attribute.ref_attr_name().empty()) {
      const auto given = call.attributes.find(attribute.ref_attr_name());
      if (given == call.attributes.end()) return;
      // Its bodies, if it has any, speak of the caller's values.
      onnx::AttributeProto& copy = *out.Add();
      copy = *given->second;
      copy.set_name(attribute.name());
      return;
    }
    if (attribute.has_g()) bind(*attribute.mutable_g(), call);
    for (auto& body : *attribute.mutable_graphs()) bind(body, call);
    *out.Add() = std::move(attribute);
  }

  void bind(onnx::GraphProto& body, Call& call) {
    for (auto& input : *body.mutable_input()) rename(*input.mutable_name(), call);
    for (auto& output : *body.mutable_output()) rename(*output.mutable_name(), call);
    for (auto& info : *body.mutable_value_info()) rename(*info.mutable_name(), call);
    for (auto& tensor : *body.mutable_initializer()) rename(*tensor.mutable_name(), call);
    for (auto& sparse : *body.mutable_sparse_initializer())
      rename(*sparse.mutable_values()->mutable_name(), call);
    body.clear_quantization_annotation();
    for (auto& node : *body.mutable_node()) bind(node, call);
  }

  onnx::ModelProto& model_;
  std::unordered_map<std::string, Function> functions_;
  std::unordered_map<std::string, int> used_;  ///< names, and the last number put behind each
  std::vector<const Function*> open_;          ///< called and not yet whole
  std::int64_t nodes_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

Result<void> inline_functions(onnx::ModelProto& model) {
  if (model.functions_size() == 0) return {};
  return Inliner(model).run();
}

}  // namespace cleave::graph
