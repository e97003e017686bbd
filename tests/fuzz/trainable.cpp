// Networks to be trained: any bytes give a module or an error, which runs or fails cleanly.
#include <ATen/Parallel.h>
#include <torch/utils.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "train/onnx_module.h"

namespace {

/// Zeros for the network's inputs; none where they or its work are too much for a trial.
std::vector<torch::Tensor> small_inputs(const cleave::graph::Model& model) {
  constexpr std::int64_t kMostElements = 1 << 16;
  constexpr std::int64_t kMostMacs = 10'000'000;
  std::vector<torch::Tensor> inputs;
  if (model.totals().macs > kMostMacs) return {};
  for (const cleave::TensorSpec& spec : model.inputs()) {
    if (cleave::element_count(spec.shape).value_or(kMostElements + 1) > kMostElements) return {};
    inputs.push_back(torch::zeros(spec.shape));
  }
  return inputs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  at::set_num_threads(1);
  const torch::NoGradGuard no_grad;
  const auto model =
      cleave::graph::Model::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!model) return 0;
  const auto module = cleave::train::OnnxModule::create(*model);
  if (!module) return 0;
  (void)(*module)->to_onnx({.fold_batch_norms = true}).has_value();
  const auto inputs = small_inputs(*model);
  if (!inputs.empty()) (void)(*module)->forward(inputs).has_value();
  return 0;
}
