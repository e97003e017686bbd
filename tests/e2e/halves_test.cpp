// Real networks, cut everywhere along the order: the joined halves are the whole network. Every
// eighth cut; with CLEAVE_VERIFY_ALL=1 every cut, and more networks.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/random_tensor.h"
#include "engine/shared_engine.h"
#include "engine/type_inference.h"
#include "study/joined.h"
#include "study/samples.h"
#include "zoo/zoo.h"

namespace cleave::study {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string name;
  int every = 8;      ///< 0: not at all
  int all_every = 1;  ///< with CLEAVE_VERIFY_ALL
  int cuts = 1;       ///< at least so many must be there
};

const Row kTrained[] = {
    {"squeezenet1.1", 8, 1, 30},
    {"resnet20_cifar10", 8, 1, 25},
    {"version-RFB-320", 8, 1, 50},
    {"face_detection_yunet_120x160", 8, 1, 30},
    {"deeplab_v3_1_default_1", 8, 1, 50},
    {"fast_neural_style_candy", 8, 1, 20},
    {"AGLLNet_256x256", 8, 1, 10},
    {"resnet56_cifar10", 0, 4, 70},
    {"resnet50v2_stage1to3", 0, 4, 30},
    {"fast_neural_style_mosaic", 0, 4, 20},
    {"version-RFB-320_simplified", 0, 4, 30},
    {"version-RFB-320_without_postprocessing", 0, 4, 30},
    {"version-RFB-640", 0, 4, 50},
    {"LightWeightPersonDetector", 0, 4, 30},
    {"light/light_bvlc_alexnet", 0, 8, 10},
    {"light/light_inception_v1", 0, 8, 50},
    {"light/light_resnet50", 0, 8, 50},
    {"light/light_shufflenet", 0, 8, 50},
    {"light/light_squeezenet", 0, 8, 30},
    {"light/light_vgg19", 0, 8, 20},
};

const Row kZoo[] = {
    {"tiny", 1, 1, 8},     {"resnet50", 8, 1, 50},     {"resnet18", 0, 8, 15},
    {"alexnet", 0, 8, 8},  {"mobilenet_v2", 0, 8, 30}, {"vgg16", 0, 8, 15},
    {"overfeat", 0, 8, 8}, {"nin", 0, 8, 15},          {"deep_speech", 0, 4, 8},
    {"chair", 0, 1, 12},   {"pix2pix", 8, 1, 30},
};

bool verify_all() {
  const char* all = std::getenv("CLEAVE_VERIFY_ALL");
  return all != nullptr && std::string_view(all) == "1";
}

fs::path data_folder() {
  const char* named = std::getenv("CLEAVE_DATA");
  return named != nullptr ? fs::path(named) : fs::path(CLEAVE_SOURCE_DIR) / "../shared/data";
}

graph::LoadOptions load_options() {
  graph::LoadOptions options;
  options.infer = engine::type_inference(test_engine());
  return options;
}

/// Seeded noise and, where the network takes pictures, a photo.
std::vector<std::vector<Tensor>> samples_for(const graph::Model& model) {
  std::vector<std::vector<Tensor>> samples{random_tensors(model.inputs(), 7)};
  const fs::path photo = data_folder() / "photos/imageio_astronaut.png";
  const bool pictures =
      model.inputs().size() == 1 && data::Preprocess::guess(model.inputs().front());
  if (!pictures || !fs::exists(photo)) return samples;
  const auto loaded = load_samples(model, std::vector{photo.string()}, "", 1);
  EXPECT_TRUE(loaded) << loaded.error().to_string();
  if (loaded) samples.push_back(loaded->inputs.front());
  return samples;
}

void expect_joined(const Row& row, const Result<graph::Model>& model) {
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_GE(static_cast<int>(model->cuts().size()), row.cuts) << "too few cuts for this network";
  const int every = verify_all() ? row.all_every : row.every;
  const auto report = compare_joined(*model, test_engine(), samples_for(*model),
                                     {.every = every, .engine = {}, .progress = {}});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_GT(report->cuts, 0);
  for (const JoinedFault& fault : report->faults)
    ADD_FAILURE() << "cut " << fault.cut << ": " << fault.message;
  std::cout << row.name << ": " << report->cuts << " of " << model->cuts().size()
            << " cuts, worst difference " << report->difference << " at cut "
            << (report->cut.empty() ? "-" : report->cut) << std::endl;
}

bool left_out(const Row& row) { return row.every == 0 && !verify_all(); }

std::string test_name(const testing::TestParamInfo<Row>& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class TrainedHalves : public testing::TestWithParam<Row> {};

TEST_P(TrainedHalves, JoinedAreTheWhole) {
  if (left_out(GetParam())) GTEST_SKIP() << "skipped: only with CLEAVE_VERIFY_ALL=1";
  const fs::path models = data_folder() / "models";
  if (!fs::is_directory(models)) GTEST_SKIP() << "skipped: CLEAVE_DATA not found";
  expect_joined(GetParam(),
                graph::Model::load(models / (GetParam().name + ".onnx"), load_options()));
}

INSTANTIATE_TEST_SUITE_P(Networks, TrainedHalves, testing::ValuesIn(kTrained), test_name);

class ZooHalves : public testing::TestWithParam<Row> {};

TEST_P(ZooHalves, JoinedAreTheWhole) {
  if (left_out(GetParam())) GTEST_SKIP() << "skipped: only with CLEAVE_VERIFY_ALL=1";
  expect_joined(GetParam(),
                graph::Model::parse(zoo::build(GetParam().name, 1).value(), load_options()));
}

INSTANTIATE_TEST_SUITE_P(Networks, ZooHalves, testing::ValuesIn(kZoo), test_name);

}  // namespace
}  // namespace cleave::study
