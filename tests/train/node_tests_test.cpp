// ONNX's own tests of operators, run by the differentiable networks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "train/onnx_module.h"
#include "train/onnx_suite.h"

namespace cleave::train {
namespace {

namespace fs = std::filesystem;

/// The largest difference as part of the largest expected value, or of the range where that is
/// more; infinite where they do not compare.
double difference(const at::Tensor& found, const at::Tensor& expected) {
  if (found.sizes() != expected.sizes() || found.scalar_type() != expected.scalar_type())
    return INFINITY;
  if (expected.numel() == 0) return 0;
  const at::Tensor a = found.to(at::kDouble);
  const at::Tensor b = expected.to(at::kDouble);
  const at::Tensor same = (a == b) | (at::isnan(a) & at::isnan(b));
  const at::Tensor finite = at::nan_to_num(b, 0, 0, 0);
  const double range = (finite.max() - finite.min()).item<double>();
  const double scale = std::max({range, finite.abs().max().item<double>(), 1e-6});
  const at::Tensor apart = at::where(same, at::zeros_like(a), (a - b).abs());
  return at::nan_to_num(apart, INFINITY).max().item<double>() / scale;
}

/// Why some tests cannot agree.
const std::map<std::string, std::string> kApart = {
    {"test_training_dropout", "drops by the random numbers of numpy"},
    {"test_training_dropout_default", "drops by the random numbers of numpy"},
    {"test_training_dropout_default_mask", "drops by the random numbers of numpy"},
    {"test_training_dropout_mask", "drops by the random numbers of numpy"},
    {"test_resize_downsample_scales_cubic_align_corners",
     "takes a resized length that is no whole number"},
    {"test_resize_downsample_scales_linear_align_corners",
     "takes a resized length that is no whole number"},
};

struct Outcome {
  std::string error;      ///< why it was not run
  double difference = 0;  ///< of the output that is furthest off
};

/// An error without the name of a node: what many have in common.
std::string without_names(const std::string& error) {
  const std::size_t begin = error.find('\'');
  const std::size_t end = error.find("' ", begin);
  return begin == std::string::npos || end == std::string::npos ? error : error.substr(end + 2);
}

Outcome run_case(const fs::path& folder) {
  const auto inputs = recorded(folder, "input");
  const auto expected = recorded(folder, "output");
  if (!inputs || !expected) return {"a value that is no tensor of libtorch's types"};
  const auto model = graph::Model::parse(read_bytes(folder / "model.onnx"));
  if (!model) return {model.error().to_string()};
  const auto module = OnnxModule::create(*model);
  if (!module) return {module.error().to_string()};
  // Inputs that are constants, or that nothing reads, stay the file's.
  const auto outputs = (*module)->forward(*inputs);
  if (!outputs) return {outputs.error().to_string()};
  if (outputs->size() != expected->size()) return {"another number of outputs", INFINITY};
  Outcome outcome;
  for (std::size_t i = 0; i < expected->size(); ++i)
    outcome.difference = std::max(outcome.difference, difference((*outputs)[i], (*expected)[i]));
  return outcome;
}

TEST(NodeTests, AgreeWithOnnx) {
  const auto tests = onnx_tests();
  if (tests.empty()) GTEST_SKIP() << "skipped: libonnx-testdata is not installed";
  int agreeing = 0;
  std::map<std::string, int> reasons;
  for (const fs::path& test : tests) {
    const auto apart = kApart.find(test.filename());
    const Outcome outcome = apart == kApart.end() ? run_case(test) : Outcome{apart->second};
    if (!outcome.error.empty()) {
      ++reasons[without_names(outcome.error)];
      continue;
    }
    EXPECT_LE(outcome.difference, 1e-4) << test.filename();
    agreeing += outcome.difference <= 1e-4 ? 1 : 0;
  }
  for (const auto& [reason, count] : reasons)
    std::printf("%d not run: %s\n", count, reason.c_str());
  std::printf("%d of ONNX's %zu tests agree\n", agreeing, tests.size());
  // Of Debian 12's ONNX 1.12: one less is one that has become an error.
  EXPECT_GE(agreeing, 798);
}

}  // namespace
}  // namespace cleave::train
