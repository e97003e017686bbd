#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"

namespace cleave::graph {
namespace {

Builder fork() {
  Builder b;
  b.input("x", {1, 4}).weight("w", {4, 4}).weight("v", {4, 4});
  b.node("MatMul", {"x", "w"}, {"a"}).node("Split", {"a"}, {"s", "t"}, {integer("axis", 1)});
  return b.node("MatMul", {"a", "v"}, {"y"})
      .node("Concat", {"s", "t"}, {"z"}, {integer("axis", 1)})
      .output("y")
      .output("z");
}

TEST(Extract, TakesOnlyWhatIsNeeded) {
  const Model model = Model::parse(fork().bytes()).value();
  const std::string bytes = model.extract({"a"}, {"y"}).value();
  expect_valid(bytes);
  const auto part = parse_onnx(bytes);
  ASSERT_EQ(part.graph().node_size(), 1);
  EXPECT_EQ(part.graph().node(0).name(), "n_y");
  ASSERT_EQ(part.graph().initializer_size(), 1);
  EXPECT_EQ(part.graph().initializer(0).name(), "v");
  EXPECT_EQ(part.graph().input(0).type().tensor_type().shape().dim(1).dim_value(), 4);
}

TEST(Extract, DescribesValuesBetween) {
  const Model model = Model::parse(fork().bytes()).value();
  const auto part = parse_onnx(model.extract({"x"}, {"z"}).value());
  NameSet between;
  for (const auto& info : part.graph().value_info()) between.insert(info.name());
  EXPECT_EQ(between, (NameSet{"a", "s", "t"}));
}

TEST(Extract, AValueMayGoStraightThrough) {
  const Model model = Model::parse(fork().bytes()).value();
  const std::string bytes = model.extract({"a"}, {"a", "y"}).value();
  expect_valid(bytes);
  EXPECT_EQ(parse_onnx(bytes).graph().output(0).name(), "a");
}

TEST(Extract, RefusesWhatCannotBe) {
  const Model model = Model::parse(fork().bytes()).value();
  for (const auto& [in, out] : std::vector<std::pair<Names, Names>>{
           {{"x"}, {}},
           {{"x"}, {"nope"}},
           {{"nope"}, {"y"}},
           {{"x", "x"}, {"y"}},
           {{"x"}, {"y", "y"}},
           {{}, {"y"}},
           {{"s"}, {"y"}},
           // One node makes s and t: with s given, t would bring a second s.
           {{"x", "s"}, {"z"}}}) {
    const auto part = model.extract(in, out);
    ASSERT_FALSE(part);
    EXPECT_EQ(part.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(model.extract_segment(0, 99));
  EXPECT_FALSE(model.extract_segment(-1, 1));
  EXPECT_FALSE(model.extract_segment(1, 1));
}

TEST(Extract, EverySegmentStandsAlone) {
  const Model model = Model::parse(fork().bytes()).value();
  const int layers = static_cast<int>(model.layers().size());
  for (int first = 0; first < layers; ++first) {
    for (int last = first + 1; last <= layers; ++last) {
      const auto bytes = model.extract_segment(first, last);
      ASSERT_TRUE(bytes) << bytes.error().to_string();
      expect_valid(*bytes);
      EXPECT_EQ(parse_onnx(*bytes).graph().node_size(), last - first);
    }
  }
}

TEST(Extract, KeepsMetadataAndQuantization) {
  Builder b = fork();
  auto* entry = b.model.add_metadata_props();
  entry->set_key("labels");
  entry->set_value("cat,dog");
  b.weight("a_scale", {1}).weight("y_scale", {1});
  for (const std::string name : {"a", "y"}) {
    auto* annotation = b.graph().add_quantization_annotation();
    annotation->set_tensor_name(name);
    auto* parameter = annotation->add_quant_parameter_tensor_names();
    parameter->set_key("SCALE_TENSOR");
    parameter->set_value(name + "_scale");
  }
  const Model model = Model::parse(b.bytes()).value();
  const auto part = parse_onnx(model.extract({"x"}, {"a"}).value());
  EXPECT_EQ(part.metadata_props(0).value(), "cat,dog");
  ASSERT_EQ(part.graph().quantization_annotation_size(), 1);
  NameSet weights;
  for (const auto& t : part.graph().initializer()) weights.insert(t.name());
  EXPECT_EQ(weights, (NameSet{"a_scale", "w"}));
}

TEST(Extract, SparseWeightsGoAlong) {
  Builder b;
  b.input("x", {1, 4}).node("MatMul", {"x", "sparse"}, {"m"}).node("Sin", {"m"}, {"y"}).output("y");
  auto* sparse = b.graph().add_sparse_initializer();
  *sparse->mutable_values() = tensor("sparse", {1});
  auto* indices = sparse->mutable_indices();
  indices->set_data_type(onnx::TensorProto::INT64);
  indices->add_dims(1);
  indices->add_int64_data(3);
  sparse->add_dims(4);
  sparse->add_dims(4);
  // libonnx does not follow products with sparse weights; the file says what comes out.
  *b.graph().add_value_info() = value_info("m", {1, 4});
  const Model model = Model::parse(b.bytes()).value();
  EXPECT_EQ(parse_onnx(model.head(model.cuts()[0]).value()).graph().sparse_initializer_size(), 1);
  EXPECT_EQ(parse_onnx(model.extract({"m"}, {"y"}).value()).graph().sparse_initializer_size(), 0);
}

}  // namespace
}  // namespace cleave::graph
