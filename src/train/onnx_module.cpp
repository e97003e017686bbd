#include "train/onnx_module.h"

#include <algorithm>

#include "train/network.h"
#include "train/onnx_export.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.onnx_module";

}  // namespace

struct OnnxModule::Impl {
  Network network;
  std::map<int, Transform> transforms;  ///< by value
};

std::string OnnxModule::torch_name(std::string onnx_name) {
  std::ranges::replace(onnx_name, '.', '/');
  return onnx_name;
}

OnnxModule::OnnxModule(std::unique_ptr<Impl> impl)
    : torch::nn::Module("OnnxModule"), impl_(std::move(impl)) {}
OnnxModule::~OnnxModule() = default;

Result<std::shared_ptr<OnnxModule>> OnnxModule::create(const graph::Model& model) {
  auto impl = std::make_unique<Impl>();
  impl->network = CLEAVE_TRY(read_network(model));
  std::shared_ptr<OnnxModule> module(new OnnxModule(std::move(impl)));
  CLEAVE_CHECK(module->register_constants());
  module->eval();
  return module;
}

Result<void> OnnxModule::register_constants() {
  std::map<std::string, std::string> taken;  // by libtorch's name
  for (auto& [value, constant] : impl_->network.constants) {
    if (!constant.value.is_floating_point()) continue;
    const std::string& own = impl_->network.names[static_cast<std::size_t>(value)];
    const std::string name = torch_name(own);
    const auto [other, is_new] = taken.emplace(name, own);
    if (!is_new)
      return fail(ErrorCode::kUnsupported, kPlace,
                  "constants '" + other->second + "' and '" + own +
                      "', which libtorch would both call '" + name + "'");
    if (constant.role == Role::kWeight) {
      constant.value = register_parameter(name, constant.value);
    } else {
      constant.value = register_buffer(name, constant.value);
    }
  }
  return {};
}

const std::vector<TensorSpec>& OnnxModule::inputs() const { return impl_->network.input_specs; }
const std::vector<TensorSpec>& OnnxModule::outputs() const { return impl_->network.output_specs; }

Result<void> OnnxModule::set_transform(const std::string& value, Transform transform) {
  for (const Step& step : impl_->network.steps)
    for (const int made : step.outputs)
      if (made >= 0 && impl_->network.names[static_cast<std::size_t>(made)] == value) {
        if (transform)
          impl_->transforms[made] = std::move(transform);
        else
          impl_->transforms.erase(made);
        return {};
      }
  return fail(ErrorCode::kNotFound, kPlace,
              "value '" + value + "', expected one that the network computes");
}

std::string OnnxModule::answering_operator() const {
  for (const Step& step : impl_->network.steps)
    if (std::ranges::find(step.outputs, impl_->network.outputs.front()) != step.outputs.end())
      return impl_->network.node_of(step).op();
  return "";
}

Result<std::vector<torch::Tensor>> OnnxModule::forward(
    std::span<const torch::Tensor> inputs) const {
  const Network& network = impl_->network;
  if (inputs.size() != network.inputs.size())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::to_string(inputs.size()) + " inputs, expected " +
                    std::to_string(network.inputs.size()));
  std::vector<at::Tensor> values(network.names.size());
  for (const auto& [value, constant] : network.constants)
    values[static_cast<std::size_t>(value)] = constant.value;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    values[static_cast<std::size_t>(network.inputs[i])] = inputs[i];
  const Mode mode{is_training()};
  Values arguments;
  const auto run = [&](const Step& step) -> Result<void> {
    Values results = step.compute(arguments, mode);
    for (std::size_t i = 0; i < std::min(results.size(), step.outputs.size()); ++i) {
      if (step.outputs[i] < 0) continue;
      const auto transform = impl_->transforms.find(step.outputs[i]);
      at::Tensor& value = values[static_cast<std::size_t>(step.outputs[i])];
      value = transform == impl_->transforms.end() ? std::move(results[i])
                                                   : CLEAVE_TRY(transform->second(results[i]));
    }
    return {};
  };
  for (const Step& step : network.steps) {
    arguments.clear();
    for (const int value : step.inputs)
      arguments.push_back(value < 0 ? at::Tensor() : values[static_cast<std::size_t>(value)]);
    if (auto done = guarded("", [&] { return run(step); }); !done)
      return about(network.node_of(step).text(),
                   Result<std::vector<torch::Tensor>>(std::unexpected(std::move(done).error())));
    for (const int value : step.expired) values[static_cast<std::size_t>(value)] = at::Tensor();
  }
  std::vector<torch::Tensor> outputs;
  for (const int value : network.outputs)
    outputs.push_back(values[static_cast<std::size_t>(value)]);
  return outputs;
}

Result<std::string> OnnxModule::to_onnx(const ExportOptions& options) const {
  return guarded("writing the network", [&] { return write_network(impl_->network, options); });
}

}  // namespace cleave::train
