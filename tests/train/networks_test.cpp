// Whole networks: as the inference engine runs them, their gradients, and the way back to ONNX.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include <torch/utils.h>
#include "bundle/tolerance.h"
#include "engine/openvino_engine.h"
#include "train/gradients.h"
#include "train/tensors.h"
#include "train/torch_engine.h"
#include "zoo/zoo.h"

namespace cleave::train {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> data_networks() {
  const char* folder = std::getenv("CLEAVE_DATA");
  std::vector<fs::path> paths;
  if (folder == nullptr) return paths;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(folder) / "models"))
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

std::vector<Tensor> random_inputs(const graph::Model& model) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform;
  std::vector<Tensor> inputs;
  for (const TensorSpec& spec : model.inputs()) {
    Tensor tensor(spec.dtype, spec.shape);
    for (float& value : tensor.as<float>()) value = uniform(random);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

std::vector<Tensor> run(engine::Engine& engine, const std::string& bytes,
                        const std::vector<Tensor>& inputs) {
  const auto session = engine.compile(bytes, {});
  if (!session) {
    ADD_FAILURE() << session.error().to_string();
    return {};
  }
  auto outputs = (*session)->run(inputs);
  if (!outputs) {
    ADD_FAILURE() << outputs.error().to_string();
    return {};
  }
  return *std::move(outputs);
}

/// The largest difference over all outputs, as part of each one's range.
double difference(const std::vector<Tensor>& found, const std::vector<Tensor>& expected) {
  if (found.size() != expected.size()) return INFINITY;
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    most = std::max(most, bundle::relative_difference(found[i], expected[i]));
  return most;
}

/// The networks without weights have constants in their place: drawn instead, as they are before
/// training.
void draw_weights(OnnxModule& module) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  for (auto& parameter : module.named_parameters()) {
    torch::Tensor& weight = parameter.value();
    if (weight.dim() > 1) {
      weight.normal_(0, std::sqrt(2.0 * static_cast<double>(weight.size(0)) /
                                  static_cast<double>(weight.numel())));
    } else {
      weight.uniform_(0.1, 0.4);
    }
  }
  for (auto& buffer : module.named_buffers()) buffer.value().uniform_(0.5, 1.5);
}

/// A network of the data, with weights.
Result<graph::Model> load(const fs::path& path) {
  auto model = graph::Model::load(path);
  if (!model || path.parent_path().filename() != "light") return model;
  const auto module = CLEAVE_TRY(OnnxModule::create(*model));
  draw_weights(*module);
  return graph::Model::parse(CLEAVE_TRY(module->to_onnx()));
}

/// Both engines on one network, and this one on what it writes back.
void expect_agreement(const graph::Model& model, const std::string& name) {
  SCOPED_TRACE(name);
  const auto openvino = engine::make_openvino_engine();
  const auto torch = make_torch_engine();
  const std::string bytes = model.to_bytes().value();
  const auto inputs = random_inputs(model);
  const auto expected = run(*openvino, bytes, inputs);
  const double apart = difference(run(*torch, bytes, inputs), expected);
  EXPECT_LE(apart, 1e-4);
  const auto module = OnnxModule::create(model);
  ASSERT_TRUE(module) << module.error().to_string();
  const double again = difference(run(*openvino, (*module)->to_onnx().value(), inputs), expected);
  EXPECT_LE(again, 1e-6);
  const auto folded = (*module)->to_onnx({.fold_batch_norms = true}).value();
  const double with_folding = difference(run(*openvino, folded, inputs), expected);
  EXPECT_LE(with_folding, 1e-4);
  std::printf("%s: %.1e from OpenVINO, %.1e written back, %.1e with batch norms folded\n",
              name.c_str(), apart, again, with_folding);
}

TEST(Networks, OfTheZooRunAsInOpenVino) {
  for (const zoo::Architecture& architecture : zoo::architectures()) {
    if (architecture.macs > 2'000'000'000) continue;
    const auto model = graph::Model::parse(zoo::build(architecture.name, 1).value()).value();
    expect_agreement(model, std::string(architecture.name));
  }
}

TEST(Networks, OfTheDataRunAsInOpenVino) {
  const auto paths = data_networks();
  if (paths.empty()) GTEST_SKIP() << "skipped: CLEAVE_DATA not found";
  for (const fs::path& path : paths) {
    const auto model = load(path);
    ASSERT_TRUE(model) << model.error().to_string();
    expect_agreement(*model, path.filename());
  }
}

TEST(Networks, GradientsEqualFiniteDifferences) {
  const auto paths = data_networks();
  if (paths.empty()) GTEST_SKIP() << "skipped: CLEAVE_DATA not found";
  const bool all = std::getenv("CLEAVE_VERIFY_ALL") != nullptr;
  for (const fs::path& path : paths) {
    SCOPED_TRACE(path.string());
    const auto model = load(path).value();
    if (!all && model.totals().macs > 1'000'000'000) continue;
    const auto module = OnnxModule::create(model).value();
    std::vector<at::Tensor> inputs;
    for (const Tensor& input : random_inputs(model)) inputs.push_back(to_torch(input).value());
    const auto check = check_gradient(*module, inputs, 1, 1e-10, 1e-4);
    ASSERT_TRUE(check) << check.error().to_string();
    EXPECT_EQ(check->verdict, GradientVerdict::kAgrees);
    std::printf("%s: %.8g by back-propagation, %.8g by differences\n", path.filename().c_str(),
                check->found, check->expected);
  }
}

}  // namespace
}  // namespace cleave::train
