// Model-local functions: what a network with calls is after loading.
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"

namespace cleave::graph {
namespace {

/// A network that may call functions of the domain "mine".
struct Library : Builder {
  Library() : Builder(15, 8) {
    auto* import = model.add_opset_import();
    import->set_domain("mine");
    import->set_version(1);
  }

  onnx::FunctionProto& function(const std::string& name, const Names& inputs,
                                const Names& outputs) {
    auto& f = *model.add_functions();
    f.set_name(name);
    f.set_domain("mine");
    for (const auto& input : inputs) f.add_input(input);
    for (const auto& output : outputs) f.add_output(output);
    f.add_opset_import()->set_version(15);
    return f;
  }
  Library& call(const std::string& name, const Names& inputs, const Names& outputs,
                const std::vector<onnx::AttributeProto>& attributes = {}) {
    node(name, inputs, outputs, attributes);
    graph().mutable_node()->rbegin()->set_domain("mine");
    return *this;
  }
};

/// Adds a node to a function.
onnx::NodeProto& add(onnx::FunctionProto& f, const std::string& op, const Names& inputs,
                     const Names& outputs) {
  auto& n = *f.add_node();
  n.set_op_type(op);
  n.set_name(op);
  for (const auto& input : inputs) n.add_input(input);
  for (const auto& output : outputs) n.add_output(output);
  return n;
}

void add_reference(onnx::NodeProto& node, const std::string& attribute, const std::string& to) {
  auto* a = node.add_attribute();
  a->set_name(attribute);
  a->set_ref_attr_name(to);
  a->set_type(onnx::AttributeProto::FLOAT);
}

onnx::AttributeProto number(const std::string& name, float value) {
  onnx::AttributeProto a;
  a.set_name(name);
  a.set_type(onnx::AttributeProto::FLOAT);
  a.set_f(value);
  return a;
}

onnx::GraphProto inlined(const Builder& b) {
  const auto model = Model::parse(b.bytes());
  EXPECT_TRUE(model) << model.error().to_string();
  if (!model) return {};
  expect_sound(*model);
  auto held = parse_onnx(model->to_bytes().value());
  EXPECT_EQ(held.functions_size(), 0);
  return held.graph();
}

/// "Op(inputs)->outputs" of every node.
Names texts(const onnx::GraphProto& graph) {
  Names all;
  const auto join = [](const auto& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ",") + (name.empty() ? "-" : name);
    return text;
  };
  for (const auto& n : graph.node())
    all.push_back(n.op_type() + "(" + join(n.input()) + ")->" + join(n.output()));
  return all;
}

TEST(Functions, CallsBecomeTheirNodes) {
  Library b;
  auto& inner = b.function("inner", {"i"}, {"o"});
  add(inner, "Sin", {"i"}, {"half"});
  add(inner, "Neg", {"half"}, {"o"});
  auto& outer = b.function("outer", {"i"}, {"o"});
  add(outer, "inner", {"i"}, {"half"}).set_domain("mine");
  add(outer, "Relu", {"half"}, {"o"});
  b.input("x", {1, 2});
  b.call("outer", {"x"}, {"a"}).call("outer", {"a"}, {"y"}).output("y");
  const auto graph = inlined(b);
  EXPECT_EQ(texts(graph), (Names{"Sin(x)->n_a/inner/half", "Neg(n_a/inner/half)->n_a/half",
                                 "Relu(n_a/half)->a", "Sin(a)->n_y/inner/half",
                                 "Neg(n_y/inner/half)->n_y/half", "Relu(n_y/half)->y"}));
  EXPECT_EQ(graph.node(0).name(), "n_a/inner/Sin");
}

TEST(Functions, NamesThatAreTakenGetANumber) {
  Library b;
  auto& f = b.function("f", {"i"}, {"o"});
  add(f, "Sin", {"i"}, {"h"});
  add(f, "Neg", {"h"}, {"o"});
  b.input("x", {1}).node("Relu", {"x"}, {"f/h"});
  b.call("f", {"f/h"}, {"a"}).call("f", {"a"}, {"y"});
  b.output("y");
  for (auto& node : *b.graph().mutable_node()) node.clear_name();
  EXPECT_EQ(texts(inlined(b)), (Names{"Relu(x)->f/h", "Sin(f/h)->f/h_2", "Neg(f/h_2)->a",
                                      "Sin(a)->f/h_3", "Neg(f/h_3)->y"}));
}

TEST(Functions, AttributesComeFromTheCallThenFromTheDefaults) {
  Library b;
  auto& f = b.function("f", {"i"}, {"o"});
  auto& elu = add(f, "Elu", {"i"}, {"h"});
  add_reference(elu, "alpha", "slope");
  add_reference(add(f, "LeakyRelu", {"h"}, {"g"}), "alpha", "leak");
  add_reference(add(f, "Selu", {"g"}, {"o"}), "gamma", "nowhere");
  // Defaults are a field that this libonnx does not know.
  for (const auto& a : {number("slope", 2), number("leak", 3)}) {
    f.GetReflection()->MutableUnknownFields(&f)->AddLengthDelimited(11, a.SerializeAsString());
  }
  b.input("x", {1});
  b.call("f", {"x"}, {"y"}, {number("slope", 5)}).output("y");
  const auto graph = inlined(b);
  ASSERT_EQ(graph.node_size(), 3);
  EXPECT_EQ(graph.node(0).attribute(0).name(), "alpha");
  EXPECT_EQ(graph.node(0).attribute(0).f(), 5);
  EXPECT_EQ(graph.node(0).attribute(0).ref_attr_name(), "");
  EXPECT_EQ(graph.node(1).attribute(0).f(), 3);
  EXPECT_EQ(graph.node(2).attribute_size(), 0);
}

TEST(Functions, InputsAndOutputsMayBeLeftOutOrHandedThrough) {
  Library b;
  auto& f = b.function("f", {"i", "low", "high"}, {"o", "spare", "i", "o"});
  add(f, "Clip", {"i", "low", "high"}, {"o"});
  add(f, "Neg", {"i"}, {"spare"});
  b.input("x", {1}).weight("h", {});
  b.call("f", {"x", "", "h"}, {"y", "", "same", "again"});
  b.output("y").output("same").output("again");
  // The spare output is not asked for: its node is no one's.
  EXPECT_EQ(texts(inlined(b)), (Names{"Clip(x,-,h)->y", "Neg(x)->n_y/spare", "Identity(x)->same",
                                      "Identity(y)->again"}));
}

TEST(Functions, BodiesAreExpandedAndRenamed) {
  Library b;
  auto& f = b.function("f", {"c", "i"}, {"o"});
  auto& both = add(f, "If", {"c"}, {"o"});
  *both.add_attribute() = body("then_branch", branch("Sin", {"i"}, "t"));
  *both.add_attribute() = body("else_branch", branch("g", {"i"}, "e"));
  both.mutable_attribute(1)->mutable_g()->mutable_node(0)->set_domain("mine");
  auto& g = b.function("g", {"i"}, {"o"});
  add(g, "Neg", {"i"}, {"h"});
  add(g, "Cos", {"h"}, {"o"});
  b.input("x", {2, 3}).input("c", {}, onnx::TensorProto::BOOL);
  b.call("f", {"c", "x"}, {"y"}).output("y");
  const auto graph = inlined(b);
  ASSERT_EQ(texts(graph), Names{"If(c)->y"});
  EXPECT_EQ(texts(graph.node(0).attribute(0).g()), Names{"Sin(x)->n_y/t"});
  EXPECT_EQ(graph.node(0).attribute(0).g().output(0).name(), "n_y/t");
  EXPECT_EQ(texts(graph.node(0).attribute(1).g()),
            (Names{"Neg(x)->n_y/n_e/h", "Cos(n_y/n_e/h)->n_y/e"}));
}

TEST(Functions, OperatorSetsThatOnlyFunctionsNameAreImported) {
  Library b;
  auto& f = b.function("f", {"i"}, {"o"});
  add(f, "Sin", {"i"}, {"o"});
  auto* other = f.add_opset_import();
  other->set_domain("com.example");
  other->set_version(3);
  b.input("x", {1});
  b.call("f", {"x"}, {"y"}).output("y");
  const auto held = parse_onnx(Model::parse(b.bytes())->to_bytes().value());
  ASSERT_EQ(held.opset_import_size(), 3);
  EXPECT_EQ(held.opset_import(2).domain(), "com.example");
}

TEST(Functions, CallsThatNeverEndAreRefused) {
  Library b;
  add(b.function("f", {}, {}), "g", {}, {}).set_domain("mine");
  add(b.function("g", {}, {}), "f", {}, {}).set_domain("mine");
  b.input("x", {1});
  b.call("f", {"x"}, {"y"}).output("y");
  EXPECT_NE(Model::parse(b.bytes()).error().message.find("calls itself"), std::string::npos);
}

TEST(Functions, CallsThatExplodeAreRefused) {
  // Calls that double at each of 40 levels would take longer than the universe has been there.
  Library b;
  for (int i = 0; i < 40; ++i) {
    auto& f = b.function("f" + std::to_string(i), {}, {});
    for (int n = 0; n < 2; ++n) add(f, "f" + std::to_string(i + 1), {}, {}).set_domain("mine");
  }
  b.input("x", {1});
  b.call("f0", {"x"}, {"y"}).output("y");
  const auto refused = Model::parse(b.bytes());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(refused.error().message.find("expand to more than"), std::string::npos);
}

}  // namespace
}  // namespace cleave::graph
