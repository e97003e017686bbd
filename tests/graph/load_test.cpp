// What comes in: every kind of file that is none, dimensions, weights in files of their own.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/folder.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cleave::graph {
namespace {

namespace fs = std::filesystem;

Builder chain(const Shape& shape = {1, 4}) {
  Builder b;
  b.input("x", shape)
      .weight("w", {4, 4})
      .node("MatMul", {"x", "w"}, {"m"})
      .node("Softmax", {"m"}, {"y"});
  return b.output("y");
}

/// The error of loading, which must be one.
Error refused(const std::string& bytes, const LoadOptions& options = {}) {
  const auto model = Model::parse(bytes, options);
  EXPECT_FALSE(model);
  return model ? Error{} : model.error();
}

void expect_refused(const Builder& builder, ErrorCode code, const std::string& text) {
  const Error error = refused(builder.bytes());
  EXPECT_EQ(error.code, code) << error.to_string();
  EXPECT_NE(error.message.find(text), std::string::npos) << error.to_string();
}

TEST(Load, RefusesWhatIsNoNetwork) {
  EXPECT_EQ(refused("").code, ErrorCode::kNotThisFormat);
  EXPECT_EQ(refused("GIF89a, or some such picture").code, ErrorCode::kNotThisFormat);
  EXPECT_EQ(refused(std::string(1000, '\0')).code, ErrorCode::kNotThisFormat);
  EXPECT_EQ(refused(std::string("\x08\x06", 2)).code, ErrorCode::kNotThisFormat);
  EXPECT_EQ(Model::load("/nonexistent/net.onnx").error().code, ErrorCode::kNotFound);
}

TEST(Load, RefusesEveryTruncation) {
  const std::string bytes = chain().bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Model::parse(bytes.substr(0, size))) << size;
  }
  EXPECT_EQ(refused(bytes.substr(0, bytes.size() - 10)).code, ErrorCode::kCorrupt);
}

TEST(Load, SurvivesEveryFlippedByte) {
  std::string bytes = chain().bytes();
  for (char& byte : bytes) {
    for (const int flip : {0x01, 0x08, 0x80, 0xff}) {
      byte = static_cast<char>(byte ^ flip);
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      byte = static_cast<char>(byte ^ flip);
    }
  }
}

TEST(Load, NamesTheFaultOfAGraph) {
  Builder cyclic;
  cyclic.input("x", {1})
      .node("Add", {"x", "b"}, {"a"})
      .node("Sin", {"a"}, {"b"})
      .node("Cos", {"b"}, {"y"});
  expect_refused(cyclic.output("y"), ErrorCode::kCorrupt, "cycle through node 'n_a' (Add)");
  expect_refused(Builder(chain()).node("Sin", {"nowhere"}, {"z"}), ErrorCode::kCorrupt,
                 "node 'n_z' (Sin) reads 'nowhere', which nothing makes");
  expect_refused(Builder(chain()).node("Sin", {"x"}, {"m"}), ErrorCode::kCorrupt,
                 "'m' is made twice");
  expect_refused(Builder(chain()).input("x", {1}), ErrorCode::kCorrupt, "'x' is made twice");
  expect_refused(Builder(chain()).output("z"), ErrorCode::kCorrupt, "graph output 'z'");
  expect_refused(Builder(chain()).output("y"), ErrorCode::kCorrupt, "'y' is listed twice");
  expect_refused(Builder().input("x", {1}).node("Sin", {"x"}, {"y"}), ErrorCode::kCorrupt,
                 "no outputs");
  Builder captured;
  captured.input("x", {2, 3}).input("c", {}, onnx::TensorProto::BOOL);
  captured.node("If", {"c"}, {"y"},
                {body("then_branch", branch("Sin", {"x"}, "a")),
                 body("else_branch", branch("Sin", {"ghost"}, "b"))});
  expect_refused(captured.output("y"), ErrorCode::kCorrupt, "reads 'ghost'");
}

TEST(Load, ChecksTheDataOfTensors) {
  Builder b = chain();
  b.graph().mutable_initializer(0)->mutable_float_data()->RemoveLast();
  expect_refused(b, ErrorCode::kCorrupt, "tensor 'w' has 15 elements");
  b.graph().mutable_initializer(0)->set_raw_data("xyz");
  expect_refused(b, ErrorCode::kCorrupt,
                 "tensor 'w' has 3 bytes of data, its type and dimensions promise 64");
  b.graph().mutable_initializer(0)->set_dims(0, std::int64_t{1} << 62);
  expect_refused(b, ErrorCode::kCorrupt, "impossible dimensions");
}

TEST(Dimensions, BatchIsOneUnlessSaid) {
  Builder b = chain({-1, 4});
  EXPECT_EQ(Model::parse(b.bytes()).value().inputs()[0].shape, (Shape{1, 4}));
  const auto model = Model::parse(b.bytes(), {.shapes = {{"x", {7, 4}}}, .infer = {}});
  EXPECT_EQ(model.value().outputs()[0].shape, (Shape{7, 4}));
  const auto held = parse_onnx(model->to_bytes().value());
  EXPECT_EQ(held.graph().input(0).type().tensor_type().shape().dim(0).dim_value(), 7);
  EXPECT_EQ(held.graph().output(0).type().tensor_type().shape().dim(0).dim_value(), 7);
}

TEST(Dimensions, ADimensionsNameHasOneValue) {
  Builder b;
  b.input("x", {-1, 4}).input("mask", {4, -1}).node("MatMul", {"x", "mask"}, {"y"}).output("y");
  for (int i = 0; i < 2; ++i) {
    auto* shape =
        b.graph().mutable_input(i)->mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->mutable_dim(i)->set_dim_param("N");
  }
  const Model model = Model::parse(b.bytes(), {.shapes = {{"x", {3, 4}}}, .infer = {}}).value();
  EXPECT_EQ(model.inputs()[1].shape, (Shape{4, 3}));
  EXPECT_EQ(model.outputs()[0].shape, (Shape{3, 3}));
}

TEST(Dimensions, UnknownOnesAreAskedFor) {
  const Error error = refused(chain({-1, -1}).bytes());
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(error.message.find("input 'x' has unknown dimensions [1,?]"), std::string::npos)
      << error.message;
  EXPECT_NE(error.message.find("--shape x="), std::string::npos);
  Builder shapeless = chain();
  shapeless.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_NE(refused(shapeless.bytes()).message.find("has no shape"), std::string::npos);
  EXPECT_TRUE(Model::parse(shapeless.bytes(), {.shapes = {{"x", {2, 4}}}, .infer = {}}));
}

TEST(Dimensions, WrongShapesAreRefused) {
  for (const LoadOptions& options :
       {LoadOptions{{{"z", {1, 4}}}, {}}, LoadOptions{{{"x", {4}}}, {}},
        LoadOptions{{{"x", {0, 4}}}, {}}}) {
    EXPECT_EQ(refused(chain().bytes(), options).code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(parse_shape_option("data=1,3,224,224").value(),
            std::pair(std::string("data"), Shape{1, 3, 224, 224}));
  EXPECT_EQ(parse_shape_option("a=b=2").value().first, "a=b");
  EXPECT_EQ(parse_shape_option("s=").value().second, Shape{});
  for (const char* bad :
       {"", "x", "=1", "x=1,", "x=,1", "x=a", "x=0", "x=-1", "x=1 2", "x=99999999999999999999"}) {
    EXPECT_FALSE(parse_shape_option(bad)) << bad;
  }
}

TEST(Dimensions, AReplacedSizeDropsStaleShapes) {
  Builder b;
  b.input("x", {1, 3, 8, 8})
      .node("MaxPool", {"x"}, {"p"}, {ints("kernel_shape", {2, 2}), ints("strides", {2, 2})});
  b.node("Sin", {"p"}, {"y"}).output("y");
  *b.graph().add_value_info() = value_info("p", {1, 3, 4, 4});
  *b.graph().mutable_output(0) = value_info("y", {1, 3, 4, 4});
  const Model model =
      Model::parse(b.bytes(), {.shapes = {{"x", {1, 3, 16, 16}}}, .infer = {}}).value();
  EXPECT_EQ(model.value("p")->shape, (Shape{1, 3, 8, 8}));
  EXPECT_EQ(model.outputs()[0].shape, (Shape{1, 3, 8, 8}));
}

TEST(Dimensions, AReplacedSizeDropsStaleShapesOfBodies) {
  Builder b;
  b.input("x", {1, 2, 3}).input("c", {}, onnx::TensorProto::BOOL);
  b.node("If", {"c"}, {"y"},
         {body("then_branch", branch("Sin", {"x"}, "t")),
          body("else_branch", branch("Cos", {"x"}, "e"))});
  const Model model =
      Model::parse(b.output("y").bytes(), {.shapes = {{"x", {1, 5, 3}}}, .infer = {}}).value();
  const auto held = parse_onnx(model.to_bytes().value());
  for (const auto& attribute : held.graph().node(0).attribute())
    EXPECT_FALSE(attribute.g().output(0).type().tensor_type().has_shape());
}

TEST(Dimensions, MoreThanTheFormatsCountAreRefused) {
  const std::vector<std::int64_t> many(300, 1);
  Builder wide;
  wide.input("x", many).node("Sin", {"x"}, {"y"}).output("y");
  expect_refused(wide, ErrorCode::kUnsupported, "input 'x' has 300 dimensions");
  Builder made;
  made.input("x", {1}).weight("dims", {300}).node("Reshape", {"x", "dims"}, {"y"}).output("y");
  expect_refused(made, ErrorCode::kUnsupported, "'n_y' makes has 300 dimensions");
}

TEST(Versions, OldNetworksListWeightsAmongInputs) {
  Builder b(7, 3);
  b.input("x", {1, 4}).input("w", {4, 4}).weight("w", {4, 4});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Softmax", {"m"}, {"y"}).output("y");
  const Model model = Model::parse(b.bytes()).value();
  ASSERT_EQ(model.inputs().size(), 1U);
  EXPECT_EQ(model.inputs()[0].name, "x");
  expect_sound(model);
}

TEST(Versions, NewerOperatorsAreNotMisread) {
  // Since operator set 18 the axes are an input; the rules of set 13 would reduce every axis.
  Builder b(18, 8);
  b.input("x", {1, 4, 5})
      .node("ReduceMean", {"x", "axes"}, {"r"})
      .node("Sin", {"r"}, {"y"})
      .output("y");
  onnx::TensorProto axes;
  axes.set_name("axes");
  axes.set_data_type(onnx::TensorProto::INT64);
  axes.add_dims(1);
  axes.add_int64_data(2);
  *b.graph().add_initializer() = axes;
  const Model unknown = Model::parse(b.bytes()).value();
  EXPECT_FALSE(unknown.value("r"));
  EXPECT_EQ(unknown.cuts()[0].bytes, std::nullopt);
  // An engine that knows it fills the gap, and libonnx goes on from there.
  const TypeInference infer = [](const std::string& bytes, const std::vector<TensorSpec>& inputs) {
    EXPECT_TRUE(onnx::ModelProto().ParseFromString(bytes));
    EXPECT_EQ(inputs.front().shape, (Shape{1, 4, 5}));
    return Result<std::vector<TensorSpec>>({{"r", DType::kF32, {1, 4, 1}}});
  };
  const Model known = Model::parse(b.bytes(), {.shapes = {}, .infer = infer}).value();
  EXPECT_EQ(known.outputs()[0].shape, (Shape{1, 4, 1}));
  EXPECT_EQ(known.cuts()[0].bytes, 16);
}

TEST(Versions, AnEngineThatFailsIsNoFault) {
  const TypeInference infer = [](const std::string&,
                                 const auto&) -> Result<std::vector<TensorSpec>> {
    return fail(ErrorCode::kUnsupported, "engine", "never heard of it");
  };
  EXPECT_EQ(
      Model::parse(chain().bytes(), {.shapes = {}, .infer = infer}).value().outputs()[0].shape,
      (Shape{1, 4}));
}

/// Writes the chain with its weight in a file of its own.
fs::path write_external(const fs::path& folder, const std::string& location,
                        const std::string& offset, const std::string& length,
                        std::size_t file_bytes) {
  Builder b = chain();
  auto* w = b.graph().mutable_initializer(0);
  w->clear_float_data();
  w->set_data_location(onnx::TensorProto::EXTERNAL);
  const std::pair<std::string, std::string> entries[] = {
      {"location", location}, {"offset", offset}, {"length", length}};
  for (const auto& [key, value] : entries) {
    if (value.empty()) continue;
    auto* entry = w->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  std::string data(file_bytes, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i);
  EXPECT_TRUE(write_file(folder / "weights.bin", data));
  EXPECT_TRUE(write_file(folder / "net.onnx", b.bytes()));
  return folder / "net.onnx";
}

TEST(External, WeightsBecomePartOfTheNetwork) {
  const TemporaryFolder folder;
  const auto path = write_external(folder.path(), "weights.bin", "16", "64", 100);
  const Model model = Model::load(path).value();
  const auto held = parse_onnx(model.to_bytes().value());
  EXPECT_EQ(held.graph().initializer(0).raw_data()[0], 16);
  EXPECT_EQ(held.graph().initializer(0).external_data_size(), 0);
  expect_sound(model);
  EXPECT_TRUE(Model::load(write_external(folder.path(), "weights.bin", "36", "", 100)));
  EXPECT_FALSE(Model::parse(read_file(path).value()));
}

TEST(External, NothingOutsideTheFolderIsRead) {
  const TemporaryFolder folder;
  const fs::path inner = folder.path() / "inner";
  fs::create_directory(inner);
  EXPECT_TRUE(write_file(folder.path() / "secret", std::string(64, 's')));
  fs::create_symlink(folder.path() / "secret", inner / "link");
  for (const std::string& location : {std::string("../secret"), (folder.path() / "secret").string(),
                                      std::string("link"), std::string("x/../../secret")}) {
    const auto model = Model::load(write_external(inner, location, "", "", 64));
    ASSERT_FALSE(model) << location;
    EXPECT_NE(model.error().message.find("leads out of"), std::string::npos)
        << model.error().to_string();
  }
}

TEST(External, PlacesAreChecked) {
  const TemporaryFolder folder;
  struct Case {
    const char *location, *offset, *length;
  };
  for (const Case& c :
       {Case{"", "", ""}, Case{"missing", "", ""}, Case{"weights.bin", "101", ""},
        Case{"weights.bin", "64", "64"}, Case{"weights.bin", "0", "60"},
        Case{"weights.bin", "-1", "64"}, Case{"weights.bin", "x", "64"},
        Case{"weights.bin", "9223372036854775807", "9223372036854775807"}, Case{".", "", ""}}) {
    EXPECT_FALSE(Model::load(write_external(folder.path(), c.location, c.offset, c.length, 100)))
        << c.location << " " << c.offset << " " << c.length;
  }
}

TEST(External, WeightsOfBodiesToo) {
  const TemporaryFolder folder;
  Builder b;
  b.input("x", {2, 3}).input("c", {}, onnx::TensorProto::BOOL);
  onnx::GraphProto then = branch("Add", {"x", "inner"}, "a");
  onnx::TensorProto t = tensor("inner", {2, 3});
  t.clear_float_data();
  t.set_data_location(onnx::TensorProto::EXTERNAL);
  t.add_external_data()->set_key("location");
  t.mutable_external_data(0)->set_value("weights.bin");
  *then.add_initializer() = t;
  b.node("If", {"c"}, {"y"},
         {body("then_branch", then), body("else_branch", branch("Neg", {"x"}, "n"))});
  EXPECT_TRUE(write_file(folder.path() / "weights.bin", std::string(24, '\0')));
  const auto model = Model::parse(b.output("y").bytes(), {}, folder.path());
  ASSERT_TRUE(model) << model.error().to_string();
  expect_valid(model->to_bytes().value());
}

}  // namespace
}  // namespace cleave::graph
