// Back-propagation against finite differences: of operators, at the points of ONNX's own tests.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "train/gradients.h"
#include "train/onnx_suite.h"
#include "train/operators.h"

namespace cleave::train {
namespace {

constexpr double kStep = 1e-6;
constexpr double kTolerance = 1e-5;

struct Tally {
  int agree = 0;
  int kinks = 0;
};

/// A test's network; nothing where it is not built, or rounds to floats on its way.
std::shared_ptr<OnnxModule> network_of(const std::filesystem::path& test) {
  const std::string bytes = read_bytes(test / "model.onnx");
  const auto model = graph::Model::parse(bytes);
  if (!model) return nullptr;
  for (const graph::Layer& layer : model->layers())
    if (layer.op.find("Cast") != std::string::npos) return nullptr;
  auto module = OnnxModule::create(*model);
  return module ? *module : nullptr;
}

/// The operator that a test is of: the first of its layers.
std::string operator_of(const std::filesystem::path& test) {
  const auto model = graph::Model::parse(read_bytes(test / "model.onnx"));
  return model && !model->layers().empty() ? model->layers().front().op : "";
}

TEST(Gradients, OfOperatorsEqualFiniteDifferences) {
  const auto tests = onnx_tests();
  if (tests.empty()) GTEST_SKIP() << "skipped: libonnx-testdata is not installed";
  std::map<std::string, Tally> tally;
  int agree = 0;
  int seed = 0;
  for (const auto& test : tests) {
    const auto inputs = recorded(test, "input");
    const auto module = network_of(test);
    const std::string name = test.filename();
    // The first drops at random; a region of interest is a setting.
    const bool left_out =
        name.starts_with("test_training_dropout") || name == "test_resize_tf_crop_and_resize";
    if (!inputs || !module || left_out) continue;
    const auto check = check_gradient(*module, *inputs, ++seed, kStep, kTolerance);
    if (!check) continue;
    EXPECT_NE(check->verdict, GradientVerdict::kDiffers)
        << name << ": " << check->found << " by back-propagation, " << check->expected
        << " by differences";
    Tally& of = tally[operator_of(test)];
    if (check->verdict == GradientVerdict::kAgrees) ++of.agree, ++agree;
    if (check->verdict == GradientVerdict::kKink) ++of.kinks;
  }
  int operators = 0;
  for (const auto& [op, counts] : tally) {
    if (counts.agree > 0 && find_operator(op) != nullptr) ++operators;
    if (counts.agree == 0 && counts.kinks > 0) std::printf("%s: kinks alone\n", op.c_str());
  }
  std::printf("%d gradients of %d operators agree\n", agree, operators);
  EXPECT_GE(operators, 96);
}

}  // namespace
}  // namespace cleave::train
