#include "graph/model.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/check.h"

namespace cleave::graph {
namespace {

Model loaded(const Builder& builder, const LoadOptions& options = {}) {
  auto model = Model::parse(builder.bytes(), options);
  if (!model) throw std::runtime_error(model.error().to_string());
  return std::move(*model);
}

std::vector<std::string> ops(const Model& model) {
  std::vector<std::string> names;
  for (const Layer& layer : model.layers()) names.push_back(layer.op);
  return names;
}

NameSet crossing(const Model& model, const std::string& cut) {
  return names_of(model.find_cut(cut).value()->values);
}

/// conv, batch norm, relu; conv; add to the skip; relu.
Builder residual() {
  Builder b;
  b.input("x", {1, 4, 8, 8}).weight("w1", {4, 4, 3, 3}).weight("w2", {4, 4, 3, 3});
  for (const char* name : {"scale", "bias", "mean", "var"}) b.weight(name, {4});
  b.node("Conv", {"x", "w1"}, {"c1"}, {ints("pads", {1, 1, 1, 1})});
  b.node("BatchNormalization", {"c1", "scale", "bias", "mean", "var"}, {"b1"})
      .node("Relu", {"b1"}, {"r1"});
  b.node("Conv", {"r1", "w2"}, {"c2"}, {ints("pads", {1, 1, 1, 1})});
  b.node("Add", {"c2", "r1"}, {"a"}).node("Relu", {"a"}, {"y"}).output("y");
  return b;
}

TEST(Layers, FuseWhatEnginesFuse) {
  const Model model = loaded(residual());
  EXPECT_EQ(ops(model),
            (std::vector<std::string>{"Conv+BatchNormalization+Relu", "Conv", "Add+Relu"}));
  const Layer& first = model.layers()[0];
  EXPECT_EQ(first.name, "n_r1");
  EXPECT_EQ(first.macs, 4 * 8 * 8 * 4 * 9);
  EXPECT_EQ(first.parameters, 4 * 4 * 9 + 16);
  EXPECT_EQ(first.parameter_bytes, 4 * (4 * 4 * 9 + 16));
  EXPECT_EQ(first.output_bytes, 4 * 4 * 64);
  EXPECT_EQ(model.totals().macs, 2 * first.macs);
  expect_sound(model);
}

TEST(Layers, DoNotFuseAcrossAnOutputOrASecondReader) {
  Builder b;
  b.input("x", {1, 4})
      .weight("w", {4, 4})
      .node("MatMul", {"x", "w"}, {"m"})
      .node("Relu", {"m"}, {"y"});
  EXPECT_EQ(loaded(Builder(b).output("y")).layers().size(), 1U);
  EXPECT_EQ(loaded(Builder(b).output("y").output("m")).layers().size(), 2U);
  EXPECT_EQ(loaded(Builder(b).node("Add", {"m", "y"}, {"z"}).output("z")).layers().size(), 3U);
}

TEST(Layers, WeightsReadByTwoLayersCountOnceInTotals) {
  Builder b;
  b.input("x", {1, 4}).weight("w", {4, 4}).node("MatMul", {"x", "w"}, {"m"});
  const Model model = loaded(b.node("MatMul", {"m", "w"}, {"y"}).output("y"));
  EXPECT_EQ(model.layers()[1].parameters, 16);
  EXPECT_EQ(model.totals().parameters, 16);
}

TEST(Macs, OfEachProduct) {
  Builder b;
  b.input("x", {2, 4, 8, 8})
      .weight("t", {4, 6, 2, 2})
      .weight("d", {6, 1, 3, 3})
      .weight("g", {5, 6 * 7 * 7});
  b.node("ConvTranspose", {"x", "t"}, {"up"});
  b.node("Conv", {"up", "d"}, {"dw"}, {integer("group", 6)});
  b.node("Flatten", {"dw"}, {"f"});
  b.node("Gemm", {"f", "g"}, {"y"}, {integer("transB", 1)}).output("y");
  const Model model = loaded(b);
  EXPECT_EQ(model.layers()[0].macs, 2 * 4 * 64 * 6 * 4);
  EXPECT_EQ(model.layers()[1].macs, 2 * 6 * 49 * 9);
  EXPECT_EQ(model.layers()[3].macs, 2 * 5 * 6 * 49);
}

TEST(Macs, OfARecurrentLayer) {
  Builder b;
  b.input("x", {7, 2, 3}).weight("w", {1, 16, 3}).weight("r", {1, 16, 4});
  const Model model =
      loaded(b.node("LSTM", {"x", "w", "r"}, {"y"}, {integer("hidden_size", 4)}).output("y"));
  EXPECT_EQ(model.layers()[0].macs, 7 * 2 * (16 * 3 + 16 * 4));
}

TEST(Cuts, ResidualCarriesTheSkipOnce) {
  const Model model = loaded(residual());
  ASSERT_EQ(model.cuts().size(), 2U);
  EXPECT_EQ(crossing(model, "1"), NameSet{"r1"});
  EXPECT_TRUE(model.cuts()[0].single());
  EXPECT_EQ(crossing(model, "2"), (NameSet{"c2", "r1"}));
  EXPECT_EQ(model.cuts()[1].bytes, 2 * 4 * 4 * 64);
  EXPECT_EQ(model.cuts()[0].head_macs, model.cuts()[0].tail_macs);
}

TEST(Cuts, AreFoundByIndexLayerAndValue) {
  const Model model = loaded(residual());
  EXPECT_EQ(model.find_cut("1").value()->index, 1);
  EXPECT_EQ(model.find_cut("n_r1").value()->index, 1);
  EXPECT_EQ(model.find_cut("r1").value()->index, 1);
  EXPECT_EQ(model.find_cut("n_c2").value()->index, 2);
  for (const char* unknown : {"", "0", "3", "-1", "c1", "n_y", "1x"}) {
    const auto cut = model.find_cut(unknown);
    ASSERT_FALSE(cut) << unknown;
    EXPECT_EQ(cut.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(cut.error().message.find("expected a number from 1 to 2"), std::string::npos);
  }
  EXPECT_NE(model.find_cut("n_r2").error().message.find("near it: n_r1"), std::string::npos);
}

TEST(Cuts, ConcatAndSeveralInputs) {
  Builder b;
  b.input("x", {1, 2}).input("late", {1, 2});
  b.node("Sin", {"x"}, {"s"})
      .node("Cos", {"x"}, {"c"})
      .node("Concat", {"s", "c", "late"}, {"y"}, {integer("axis", 1)});
  const Model model = loaded(b.output("y"));
  // The input itself crosses while something after the cut still reads it.
  EXPECT_EQ(crossing(model, "1"), (NameSet{"late", "s", "x"}));
  EXPECT_EQ(crossing(model, "2"), (NameSet{"c", "late", "s"}));
  const auto head = parse_onnx(model.head(model.cuts()[1]).value());
  ASSERT_EQ(head.graph().input_size(), 1);
  EXPECT_EQ(head.graph().input(0).name(), "x");
  expect_sound(model);
}

TEST(Cuts, OutputsBornBeforeTheCutLeaveFromTheHead) {
  Builder b;
  b.input("x", {1, 2})
      .node("Sin", {"x"}, {"early"})
      .node("Cos", {"early"}, {"mid"})
      .node("Tan", {"mid"}, {"late"});
  const Model model = loaded(b.output("late").output("early"));
  const Cut& cut = *model.find_cut("2").value();
  EXPECT_EQ(names_of(cut.values), NameSet{"mid"});
  EXPECT_EQ(cut.head_outputs, std::vector<std::string>{"early"});
  // At cut 1 the same value crosses and is an output: the head gives it once.
  EXPECT_EQ(parse_onnx(model.head(model.cuts()[0]).value()).graph().output_size(), 1);
  expect_sound(model);
}

TEST(Cuts, OutputsThatAreInputsOrConstants) {
  Builder b;
  b.input("x", {1, 2}).node("Sin", {"x"}, {"s"}).node("Cos", {"s"}, {"y"});
  b.node("Constant", {}, {"k"}, {tensor_attribute("value", tensor("", {1}))});
  const Model model = loaded(b.output("y").output("x").output("k"));
  EXPECT_EQ(model.layers().size(), 2U);
  EXPECT_EQ(model.cuts()[0].head_outputs, std::vector<std::string>{"x"});
  expect_sound(model);
}

TEST(Cuts, NoneWhereTheTailNeedsNothing) {
  Builder b;
  b.input("x", {1, 2}).node("Sin", {"x"}, {"y"});
  b.node("RandomNormal", {}, {"r"}, {ints("shape", {2})}).node("Cos", {"r"}, {"z"});
  const Model model = loaded(b.output("y").output("z"));
  // A random generator is work, not a weight.
  EXPECT_EQ(model.layers().size(), 3U);
  ASSERT_EQ(model.cuts().size(), 1U);
  EXPECT_EQ(model.cuts()[0].index, 2);
  expect_sound(model);
}

TEST(Cuts, NoneThroughASequence) {
  Builder b;
  b.input("x", {1, 2}).node("SequenceConstruct", {"x", "x"}, {"list"});
  b.node("ConcatFromSequence", {"list"}, {"c"}, {integer("axis", 0)}).node("Sin", {"c"}, {"y"});
  const Model model = loaded(b.output("y"));
  ASSERT_EQ(model.cuts().size(), 1U);
  EXPECT_EQ(model.cuts()[0].id(), "2");
}

TEST(Bodies, CapturedValuesCross) {
  Builder b;
  b.input("x", {2, 3}).input("cond", {}, onnx::TensorProto::BOOL);
  b.node("Sin", {"x"}, {"s"}).node("Cos", {"x"}, {"c"});
  onnx::GraphProto inner = branch("Add", {"s", "x"}, "deep");
  onnx::GraphProto outer;
  outer.set_name("outer");
  Builder::add_node(
      outer, "If", {"cond"}, {"chosen"},
      {body("then_branch", inner), body("else_branch", branch("Neg", {"c"}, "other"))});
  *outer.add_output() = value_info("chosen", {2, 3});
  b.node("If", {"cond"}, {"y"},
         {body("then_branch", outer), body("else_branch", branch("Abs", {"c"}, "abs"))});
  const Model model = loaded(b.output("y"));
  EXPECT_EQ(crossing(model, "2"), (NameSet{"c", "cond", "s", "x"}));
  expect_sound(model);
}

TEST(Bodies, LoopsKeepTheirOwnNames) {
  Builder b;
  b.input("x", {2, 3}).node("Sin", {"x"}, {"s"});
  onnx::GraphProto loop;
  loop.set_name("loop");
  *loop.add_input() = value_info("i", {}, onnx::TensorProto::INT64);
  *loop.add_input() = value_info("going", {}, onnx::TensorProto::BOOL);
  *loop.add_input() = value_info("state", {2, 3});
  Builder::add_node(loop, "Identity", {"going"}, {"go_on"});
  Builder::add_node(loop, "Add", {"state", "s"}, {"next"});
  *loop.add_output() = value_info("go_on", {}, onnx::TensorProto::BOOL);
  *loop.add_output() = value_info("next", {2, 3});
  b.weight("unused", {1}).node("Loop", {"", "", "x"}, {"y"}, {body("body", loop)}).output("y");
  // A loop may change the shape of what it carries, so nothing but the file can know it.
  *b.graph().mutable_output(0) = value_info("y", {2, 3});
  const Model model = loaded(b);
  EXPECT_EQ(crossing(model, "1"), (NameSet{"s", "x"}));
  expect_sound(model);
}

TEST(Bodies, WeightsReadInsideGoAlong) {
  Builder b;
  b.input("x", {2, 3})
      .input("cond", {}, onnx::TensorProto::BOOL)
      .weight("w", {2, 3})
      .weight("v", {2, 3});
  b.node("Mul", {"x", "v"}, {"s"}).node("Sin", {"s"}, {"t"});
  b.node("If", {"cond"}, {"y"},
         {body("then_branch", branch("Add", {"t", "w"}, "a")),
          body("else_branch", branch("Neg", {"t"}, "n"))});
  const Model model = loaded(b.output("y"));
  const auto tail =
      parse_onnx(model.tail(*model.find_cut("t").value_or(&model.cuts().back())).value());
  ASSERT_EQ(tail.graph().initializer_size(), 1);
  EXPECT_EQ(tail.graph().initializer(0).name(), "w");
  expect_sound(model);
}

TEST(Constants, GoWhereTheyAreRead) {
  Builder b;
  b.input("x", {1, 2}).weight("w", {1, 2});
  b.node("Constant", {}, {"k"}, {tensor_attribute("value", tensor("", {1, 2}))});
  b.node("Mul", {"w", "k"}, {"scale"});
  b.node("Pow", {"x", "scale"}, {"p"}).node("Pow", {"p", "scale"}, {"y"});
  const Model model = loaded(b.output("y"));
  ASSERT_EQ(model.layers().size(), 2U);
  EXPECT_EQ(crossing(model, "1"), NameSet{"p"});
  for (const auto& half :
       {model.head(model.cuts()[0]).value(), model.tail(model.cuts()[0]).value()}) {
    EXPECT_EQ(parse_onnx(half).graph().node_size(), 2);
    EXPECT_EQ(parse_onnx(half).graph().initializer_size(), 2);
  }
  expect_sound(model);
}

TEST(Constants, ShapesOfKnownValuesAreFolded) {
  Builder b;
  b.input("x", {1, 2, 3}).node("Sin", {"x"}, {"s"}).node("Shape", {"s"}, {"dims"});
  b.node("Cos", {"s"}, {"c"}).node("Reshape", {"c", "dims"}, {"y"});
  const Model model = loaded(b.output("y"));
  EXPECT_EQ(model.layers().size(), 3U);
  EXPECT_EQ(crossing(model, "2"), NameSet{"c"});
  EXPECT_EQ(model.value("dims")->shape, Shape{3});
  expect_sound(model);
}

/// Only a list can be a shape: a scalar that gets two dimensions is left to the engine.
TEST(Constants, UnsqueezedScalarsKeepTheirRank) {
  Builder b;
  b.input("x", {1, 3}).node("Constant", {}, {"one"}, {tensor_attribute("value", [] {
                              onnx::TensorProto t;
                              t.set_data_type(onnx::TensorProto::INT64);
                              t.add_int64_data(3);
                              return t;
                            }())});
  b.node("Unsqueeze", {"one"}, {"list"}, {ints("axes", {0})});
  b.node("Unsqueeze", {"one"}, {"table"}, {ints("axes", {0, 1})});
  b.node("Cast", {"table"}, {"floats"}, {integer("to", onnx::TensorProto::FLOAT)});
  b.node("Add", {"x", "floats"}, {"s"}).node("Reshape", {"s", "list"}, {"y"});
  const Model model = loaded(b.output("y"));
  EXPECT_EQ(model.value("list")->shape, Shape{1});
  EXPECT_EQ(model.value("table")->shape, (Shape{1, 1}));
  expect_sound(model);
}

TEST(Order, FilesOutOfOrderAreSorted) {
  Builder b;
  b.input("x", {1, 2})
      .node("Tan", {"c"}, {"y"})
      .node("Cos", {"s"}, {"c"})
      .node("Sin", {"x"}, {"s"});
  const Model model = loaded(b.output("y"));
  EXPECT_EQ(ops(model), (std::vector<std::string>{"Sin", "Cos", "Tan"}));
  expect_sound(model);
}

TEST(Order, NodesThatNothingNeedsBelongToNoLayer) {
  Builder b;
  b.input("x", {1, 2})
      .node("Sin", {"x"}, {"s"})
      .node("Cos", {"x"}, {"dead"})
      .node("Tan", {"s"}, {"y"});
  const Model model = loaded(b.output("y"));
  EXPECT_EQ(ops(model), (std::vector<std::string>{"Sin", "Tan"}));
  expect_sound(model);
}

}  // namespace
}  // namespace cleave::graph
