// Trained networks and photographs, where they are there.
#include <cstdlib>

#include "base/file.h"
#include "base/random_tensor.h"
#include "cloud/support.h"
#include "data/image.h"

namespace cleave::cloud {
namespace {

std::filesystem::path data_folder() {
  const char* named = std::getenv("CLEAVE_DATA");
  return named ? named : std::filesystem::path(CLEAVE_SOURCE_DIR) / "../shared/data";
}

class RealNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(data_folder()))
      GTEST_SKIP() << "skipped: CLEAVE_DATA not found";
  }
};

TEST_F(RealNetwork, AnOpenBatchIsServedAsOne) {
  const auto service = start_service({data_folder() / "models/resnet20_cifar10.onnx"});
  ASSERT_NE(service, nullptr);
  const auto metadata = service->model_metadata("resnet20_cifar10", "").value();
  ASSERT_EQ(metadata.inputs.size(), 1u);
  EXPECT_EQ(metadata.inputs[0].shape, (Shape{1, 3, 32, 32}));
  const std::string& name = metadata.inputs[0].name;
  const auto ask = [&](const Shape& shape) {
    const Tensor tensor = random_tensors({{name, DType::kF32, shape}}, 1).front();
    return infer(*service, request_of("resnet20_cifar10", wire::to_wire(name, tensor)));
  };
  EXPECT_TRUE(ask({1, 3, 32, 32}));
  const auto refused = ask({2, 3, 32, 32});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(RealNetwork, ThreePhotographsGetThreeAnswers) {
  const auto service = start_service(
      {data_folder() / "models/squeezenet1.1.onnx"}, 256,
      {.engine = {}, .shapes = {}, .preprocess = "image:size=224,resize=256,mean=imagenet"});
  ASSERT_NE(service, nullptr);
  std::vector<std::string> photos;
  for (const auto& entry : std::filesystem::directory_iterator(data_folder() / "photos")) {
    if (photos.size() < 3 && entry.path().extension() == ".jpg")
      photos.push_back(read_file(entry.path()).value());
  }
  ASSERT_EQ(photos.size(), 3u);
  const auto together =
      infer(*service, request_of("squeezenet1.1", wire::bytes_tensor("image", {3, 1}, photos)));
  ASSERT_TRUE(together) << together.error().to_string();
  std::vector<float> one_by_one;
  for (const std::string& photo : photos) {
    const auto answer =
        infer(*service, request_of("squeezenet1.1", wire::bytes_tensor("image", {1}, {photo})));
    ASSERT_TRUE(answer) << answer.error().to_string();
    const std::vector<float> scores = floats(answer->outputs.at(0));
    EXPECT_EQ(scores.size(), 1000u);
    one_by_one.insert(one_by_one.end(), scores.begin(), scores.end());
  }
  EXPECT_LE(largest_difference(floats(together->outputs.at(0)), one_by_one), kSameAnswer);
}

TEST_F(RealNetwork, OnlyTheOutputsAskedForCome) {
  const auto service = start_service({data_folder() / "models/version-RFB-320.onnx"});
  ASSERT_NE(service, nullptr);
  const auto metadata = service->model_metadata("version-RFB-320", "").value();
  ASSERT_EQ(metadata.outputs.size(), 2u);
  const auto& input = metadata.inputs.at(0);
  const Tensor tensor = random_tensors({{input.name, DType::kF32, input.shape}}, 1).front();
  wire::InferRequest request = request_of("version-RFB-320", wire::to_wire(input.name, tensor));
  const auto all = infer(*service, request).value();
  ASSERT_EQ(all.outputs.size(), 2u);
  request.outputs = {{metadata.outputs[1].name, {}}, {metadata.outputs[0].name, {}}};
  const auto swapped = infer(*service, request).value();
  ASSERT_EQ(swapped.outputs.size(), 2u);
  EXPECT_EQ(swapped.outputs[0].name, all.outputs[1].name);
  EXPECT_LE(largest_difference(floats(swapped.outputs[1]), floats(all.outputs[0])), kSameAnswer);
  request.outputs.pop_back();
  const auto one = infer(*service, request).value();
  ASSERT_EQ(one.outputs.size(), 1u);
  EXPECT_EQ(one.outputs[0].name, metadata.outputs[1].name);
}

}  // namespace
}  // namespace cleave::cloud
