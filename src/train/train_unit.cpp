#include "train/train_unit.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "data/subset.h"
#include "train/trainer.h"
#include "train/units.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.unit";

struct Parts {
  PictureStore training;
  PictureStore validation;
};

Result<Parts> split_pictures(const UnitRequest& request) {
  const std::vector<std::size_t> order =
      data::shuffled(request.pictures.size(), request.options.seed);
  const auto held_out = static_cast<std::size_t>(
      std::ceil(request.validation_share * static_cast<double>(order.size())));
  if (held_out == 0 || held_out >= order.size())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::to_string(held_out) + " of " + std::to_string(order.size()) +
                    " pictures for validation, expected some and not all");
  const std::span all(order);
  auto validation =
      CLEAVE_TRY(PictureStore::load(request.pictures, all.first(held_out), request.preprocess));
  auto training =
      CLEAVE_TRY(PictureStore::load(request.pictures, all.subspan(held_out), request.preprocess));
  return Parts{std::move(training), std::move(validation)};
}

/// Leaves those of the unit alone to be trained.
void freeze_others(OnnxModule& module, const std::vector<std::string>& weights) {
  std::set<std::string> own;
  for (const std::string& name : weights) own.insert(OnnxModule::torch_name(name));
  for (auto& parameter : module.named_parameters())
    parameter.value().set_requires_grad(own.contains(parameter.key()));
}

}  // namespace

Result<TrainedUnit> train_unit(const UnitRequest& request,
                               const std::function<void(const EpochReport&)>& told) {
  const UnitNetwork network =
      CLEAVE_TRY(insert_unit(request.model, request.cut, request.unit, request.options.seed));
  const auto module =
      CLEAVE_TRY(OnnxModule::create(CLEAVE_TRY(graph::Model::parse(network.onnx_bytes))));
  const auto teacher = CLEAVE_TRY(OnnxModule::create(request.model));
  if (request.freeze_network) freeze_others(*module, network.weights);
  std::optional<CodecLayer> codec;
  if (!request.codec.empty()) {
    codec = CLEAVE_TRY(CodecLayer::create(request.codec));
    CLEAVE_CHECK(module->set_transform(
        network.code, [&codec](const torch::Tensor& x) { return codec->forward(x); }));
  }
  const Parts parts = CLEAVE_TRY(split_pictures(request));
  TrainedUnit trained{.onnx_bytes = {}, .unit = network.unit, .code = network.code};
  trained.training = parts.training.size();
  trained.validation = parts.validation.size();
  trained.uncut_accuracy =
      CLEAVE_TRY(accuracy_of(*teacher, parts.validation, request.options.batch));
  Trainer trainer(module, teacher, codec ? &*codec : nullptr, request.options);
  CLEAVE_CHECK(trainer.run(parts.training, parts.validation, told));
  if (codec) codec->take_mean_bytes();
  trained.accuracy = CLEAVE_TRY(accuracy_of(*module, parts.validation, request.options.batch));
  if (codec) trained.code_bytes = codec->take_mean_bytes();
  trained.onnx_bytes = CLEAVE_TRY(module->to_onnx());
  return trained;
}

}  // namespace cleave::train
