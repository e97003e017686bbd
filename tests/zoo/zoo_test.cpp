#include "zoo/zoo.h"

#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "base/checksum.h"
#include "base/file.h"
#include "zoo/graph_builder.h"

namespace cleave::zoo {
namespace {

/// What torchvision states for its networks. Parameters count both of a batch normalisation; GMACs
/// are rounded.
struct Published {
  std::int64_t parameters;
  bool normalised;  ///< every convolution is followed by a batch normalisation
  double gmacs;
};
const std::map<std::string_view, Published> kPublished{
    {"resnet18", {11'689'512, true, 1.81}},    {"resnet34", {21'797'672, true, 3.66}},
    {"resnet50", {25'557'032, true, 4.09}},    {"vgg16", {138'357'544, false, 15.47}},
    {"vgg19", {143'667'240, false, 19.63}},    {"alexnet", {61'100'840, false, 0.71}},
    {"mobilenet_v2", {3'504'872, true, 0.30}},
};

/// Inputs and outputs of networks that are no classifiers.
const std::map<std::string_view, std::pair<std::string, std::string>> kNames{
    {"deep_speech", {"input", "probabilities"}},
    {"chair", {"class, viewpoint, transformation", "image"}},
    {"pix2pix", {"input", "image"}},
    {"conv25", {"input", "features"}},
};

onnx::ModelProto parsed(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

std::int64_t count(const onnx::TensorProto& tensor) {
  return std::accumulate(tensor.dims().begin(), tensor.dims().end(), std::int64_t{1},
                         std::multiplies<>());
}

bool is_parameter(const onnx::TensorProto& t) {
  return t.name().ends_with(".weight") || t.name().ends_with(".bias");
}

Shape shape_of(const onnx::ValueInfoProto& info) {
  Shape shape;
  for (const auto& dim : info.type().tensor_type().shape().dim()) shape.push_back(dim.dim_value());
  return shape;
}

using Infos = google::protobuf::RepeatedPtrField<onnx::ValueInfoProto>;

std::string shapes_text(const Infos& infos) {
  std::string text;
  for (const auto& info : infos) text += (text.empty() ? "" : ", ") + shape_text(shape_of(info));
  return text;
}

std::string names_text(const Infos& infos) {
  std::string text;
  for (const auto& info : infos) text += (text.empty() ? "" : ", ") + info.name();
  return text;
}

std::map<std::string, Shape> shapes_of(const onnx::GraphProto& graph) {
  std::map<std::string, Shape> shapes;
  for (const auto& info : graph.value_info()) shapes[info.name()] = shape_of(info);
  for (const auto& info : graph.output()) shapes[info.name()] = shape_of(info);
  return shapes;
}

struct Totals {
  std::int64_t parameters = 0;
  std::int64_t folded = 0;  ///< biases of convolutions that have one
  std::int64_t macs = 0;
};

Totals totals(const onnx::GraphProto& graph) {
  Totals sum;
  std::map<std::string, const onnx::TensorProto*> tensors;
  for (const auto& tensor : graph.initializer()) {
    tensors[tensor.name()] = &tensor;
    if (is_parameter(tensor)) sum.parameters += count(tensor);
  }
  const std::map<std::string, Shape> shapes = shapes_of(graph);
  for (const auto& node : graph.node()) {
    if (node.op_type() == "Conv" || node.op_type() == "Gemm") {
      const onnx::TensorProto& weight = *tensors.at(node.input(1));
      sum.macs += *element_count(shapes.at(node.output(0))) * (count(weight) / weight.dims(0));
      if (node.op_type() == "Conv" && node.input_size() > 2)
        sum.folded += count(*tensors.at(node.input(2)));
    } else if (node.op_type() == "ConvTranspose") {
      const onnx::TensorProto& weight = *tensors.at(node.input(1));
      sum.macs += *element_count(shapes.at(node.input(0))) * (count(weight) / weight.dims(0));
    } else if (node.op_type() == "RNN") {
      const std::int64_t steps = shapes.at(node.input(0))[0];
      for (int i : {1, 2}) sum.macs += steps * count(*tensors.at(node.input(i)));
    }
  }
  return sum;
}

std::string weights_sha256(const onnx::ModelProto& model) {
  std::string all;
  for (const auto& tensor : model.graph().initializer()) all += tensor.raw_data();
  return sha256_hex(as_bytes(all));
}

/// The shapes written in the file are those that onnx finds by itself.
void expect_true_shapes(onnx::ModelProto model) {
  const std::map<std::string, Shape> stated = shapes_of(model.graph());
  model.mutable_graph()->clear_value_info();
  ASSERT_NO_THROW(onnx::shape_inference::InferShapes(model));
  EXPECT_EQ(shapes_of(model.graph()), stated);
}

class EveryArchitecture : public testing::TestWithParam<Architecture> {};

TEST_P(EveryArchitecture, IsValidAndHasThePublishedSize) {
  const Architecture& a = GetParam();
  onnx::ModelProto model = parsed(build(a.name, 1).value());
  EXPECT_NO_THROW(onnx::checker::check_model(model));
  EXPECT_EQ(shapes_text(model.graph().input()), a.input);
  EXPECT_EQ(shapes_text(model.graph().output()), a.output);
  const auto names = kNames.find(a.name);
  EXPECT_EQ(names_text(model.graph().input()),
            names == kNames.end() ? "input" : names->second.first);
  EXPECT_EQ(names_text(model.graph().output()),
            names == kNames.end() ? "logits" : names->second.second);
  const Totals sum = totals(model.graph());
  EXPECT_EQ(sum.parameters, a.parameters);
  EXPECT_EQ(sum.macs, a.macs);
  if (const auto it = kPublished.find(a.name); it != kPublished.end()) {
    const Published& published = it->second;
    EXPECT_EQ(sum.parameters + (published.normalised ? sum.folded : 0), published.parameters);
    EXPECT_EQ(std::round(static_cast<double>(sum.macs) / 1e7) / 100, published.gmacs);
  }
  expect_true_shapes(std::move(model));
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryArchitecture,
                         testing::ValuesIn(architectures().begin(), architectures().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Zoo, SeedDecidesEveryByte) {
  const std::string first = build("resnet18", 5).value();
  EXPECT_TRUE(first == build("resnet18", 5).value());
  EXPECT_NE(weights_sha256(parsed(first)), weights_sha256(parsed(build("resnet18", 6).value())));
}

// The same on every machine: figures that others measured with a seed can be repeated.
TEST(Zoo, SeedGivesTheseWeights) {
  EXPECT_EQ(weights_sha256(parsed(build("tiny", 1).value())),
            "74ea7a2d7840c0217d75fde7b2ed9a09a24a7b485022d6483bbde011e09cc46b");
  EXPECT_EQ(weights_sha256(parsed(build("mobilenet_v2", 1).value())),
            "e8e51f22e86fe439359b1d3bd1a861daf702be7bb317938f0f6da5e31162fd2c");
  EXPECT_EQ(weights_sha256(parsed(build("deep_speech", 1).value())),
            "119042675d1ca0983c1285dc8a9745aebc6823ddd39d56a4ebebb79ddc9809b9");
  EXPECT_EQ(weights_sha256(parsed(build("pix2pix", 1).value())),
            "2debb784909a67a4419c40fd404725e62e36cf682d3e3466f4c763f88d570607");
}

TEST(Zoo, WeightsHaveTheSpreadTheyWereAskedFor) {
  const onnx::ModelProto model = parsed(build("resnet18", 3).value());
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.name() != "layer4.0.conv1.weight") continue;
    std::vector<float> values(static_cast<std::size_t>(count(tensor)));
    std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
    double sum = 0, squares = 0;
    for (float v : values) sum += v, squares += double{v} * v;
    const auto n = static_cast<double>(values.size());
    EXPECT_NEAR(sum / n, 0, 1e-6);
    const double fan_in = 256 * 3 * 3;
    EXPECT_NEAR(std::sqrt(squares / n * fan_in), std::sqrt(2 / (1 - 1 / M_PI)), 0.01);
    return;
  }
  FAIL() << "layer4.0.conv1.weight is not there";
}

// An output of a transposed convolution sees some of a filter's taps only: each must sum to zero by
// itself.
TEST(Zoo, TransposedFiltersAreCentredAtEveryTap) {
  const onnx::ModelProto model = parsed(build("pix2pix", 1).value());
  const auto it = std::ranges::find(model.graph().initializer(), "d6.weight",
                                    [](const onnx::TensorProto& t) { return t.name(); });
  ASSERT_NE(it, model.graph().initializer().end());
  std::vector<float> values(static_cast<std::size_t>(count(*it)));
  std::memcpy(values.data(), it->raw_data().data(), it->raw_data().size());
  const std::size_t inputs = static_cast<std::size_t>(it->dims(0));
  const std::size_t taps = values.size() / inputs;
  double squares = 0;
  for (float v : values) squares += double{v} * v;
  for (std::size_t tap = 0; tap < taps; ++tap) {
    double sum = 0;
    for (std::size_t i = 0; i < inputs; ++i) sum += values[i * taps + tap];
    ASSERT_NEAR(sum, 0, 1e-5) << tap;
  }
  const double fan_in = 512 * 4 * 4 / 4;
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(values.size()) * fan_in),
              std::sqrt(2 / (1 - 1 / M_PI)), 0.01);
}

// What begins as an identity leaves the scale of the weights before it.
TEST(Zoo, BatchNormalisationsBeginAsIdentities) {
  const onnx::ModelProto model = parsed(build("fashion", 1).value());
  std::map<std::string, const onnx::TensorProto*> tensors;
  for (const auto& tensor : model.graph().initializer()) tensors[tensor.name()] = &tensor;
  int norms = 0;
  for (const auto& node : model.graph().node()) {
    if (node.op_type() != "BatchNormalization") continue;
    ++norms;
    for (const auto& [input, value] : {std::pair{1, 1.0F}, {2, 0.0F}, {3, 0.0F}, {4, 1.0F}}) {
      const auto& values = tensors.at(node.input(input))->float_data();
      EXPECT_EQ(values.size(), count(*tensors.at(node.input(1)))) << node.input(input);
      for (float v : values) EXPECT_EQ(v, value) << node.input(input);
    }
  }
  EXPECT_EQ(norms, 15);
}

TEST(Zoo, NodesAreNamedAsInTorchvision) {
  const std::map<std::string_view, std::vector<std::string>> expected{
      {"resnet50", {"conv1", "layer1.0.downsample.0", "layer3.5.conv3", "fc"}},
      {"mobilenet_v2",
       {"features.0.0", "features.1.conv.1", "features.17.conv.1.0", "features.18.0",
        "classifier.1"}},
      {"alexnet", {"features.0", "features.10", "features.12", "classifier.1", "classifier.6"}},
      {"fashion", {"conv1", "bn1", "layer2.0.downsample.1", "layer3.1.conv2", "fc"}},
  };
  for (const auto& [network, names] : expected) {
    std::set<std::string> found;
    const onnx::ModelProto model = parsed(build(network, 1).value());
    for (const auto& node : model.graph().node()) found.insert(node.name());
    for (const std::string& name : names)
      EXPECT_TRUE(found.contains(name)) << network << " " << name;
  }
}

TEST(Zoo, NodeNamesDiffer) {
  for (const char* network : {"tiny", "resnet18", "resnet50", "mobilenet_v2", "nin", "overfeat",
                              "deep_speech", "chair", "pix2pix", "fashion", "flowers"}) {
    std::set<std::string> names;
    const onnx::ModelProto model = parsed(build(network, 1).value());
    for (const auto& node : model.graph().node()) {
      EXPECT_TRUE(names.insert(node.name()).second) << network << " " << node.name();
    }
  }
}

TEST(Zoo, UnknownNameListsTheKnownOnes) {
  const Error error = build("resnet17", 1).error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      error.message,
      "unknown network 'resnet17', expected one of resnet18, resnet34, resnet50, vgg16, vgg19, "
      "alexnet, mobilenet_v2, overfeat, nin, deep_speech, chair, pix2pix, conv25, fashion, "
      "flowers, "
      "tiny");
}

}  // namespace
}  // namespace cleave::zoo
