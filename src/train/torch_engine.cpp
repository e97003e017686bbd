#include "train/torch_engine.h"

#include <torch/version.h>

#include "train/network.h"
#include "train/onnx_module.h"
#include "train/tensors.h"
#include "train/threads.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.torch_engine";

class TorchSession final : public engine::Session {
 public:
  explicit TorchSession(std::shared_ptr<const OnnxModule> module) : module_(std::move(module)) {}

  const std::vector<TensorSpec>& inputs() const override { return module_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return module_->outputs(); }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    CLEAVE_CHECK(engine::check_inputs(module_->inputs(), inputs));
    const c10::InferenceMode inference;
    std::vector<at::Tensor> given;
    for (const Tensor& input : inputs) given.push_back(CLEAVE_TRY(to_torch(input)));
    std::vector<Tensor> results;
    for (const at::Tensor& output : CLEAVE_TRY(module_->forward(given)))
      results.push_back(CLEAVE_TRY(from_torch(output)));
    return results;
  }

  Result<std::unique_ptr<engine::Session>> fork() const override {
    return std::make_unique<TorchSession>(module_);
  }
  /// Its threads work on one run.
  int parallel_sessions() const override { return 1; }

 private:
  std::shared_ptr<const OnnxModule> module_;
};

class TorchEngine final : public engine::Engine {
 public:
  std::string name() const override { return "torch " TORCH_VERSION; }

  Result<std::unique_ptr<engine::Session>> compile(std::string onnx_bytes,
                                                   const engine::EngineOptions& options) override {
    if (options.precision != engine::Precision::kF32)
      return fail(ErrorCode::kUnsupported, kPlace, "precision bf16, expected f32");
    use_threads(options.threads);
    const auto model = CLEAVE_TRY(graph::Model::parse(onnx_bytes));
    return std::make_unique<TorchSession>(CLEAVE_TRY(OnnxModule::create(model)));
  }

  Result<std::vector<TensorSpec>> infer_types(std::string_view,
                                              std::span<const TensorSpec>) override {
    return std::vector<TensorSpec>{};
  }
};

}  // namespace

std::unique_ptr<engine::Engine> make_torch_engine() { return std::make_unique<TorchEngine>(); }

}  // namespace cleave::train
