#include "train/train_network.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/subset.h"
#include "train/threads.h"
#include "train/trainer.h"
#include "train/unit_fit.h"
#include "train/units.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.network";

struct Parts {
  PictureStore training;
  PictureStore validation;
};

Result<Parts> split_pictures(const TrainRequest& request) {
  std::vector<std::size_t> order = data::shuffled(request.pictures.size(), request.options.seed);
  if (request.limit > 0) order.resize(std::min(request.limit, order.size()));
  const auto held_out = static_cast<std::size_t>(
      std::ceil(request.validation_share * static_cast<double>(order.size())));
  if (held_out == 0 || held_out >= order.size())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::to_string(held_out) + " of " + std::to_string(order.size()) +
                    " pictures for validation, expected some and not all");
  const std::span<const std::size_t> all(order);
  auto validation =
      CLEAVE_TRY(PictureStore::load(request.pictures, all.first(held_out), request.preprocess));
  auto training =
      CLEAVE_TRY(PictureStore::load(request.pictures, all.subspan(held_out), request.preprocess));
  return Parts{std::move(training), std::move(validation)};
}

/// What the nodes of a part of the network read.
Result<std::set<std::string>> read_by(const std::string& part) {
  onnx::ModelProto record;
  if (!record.ParseFromString(part))
    return fail(ErrorCode::kInternal, kPlace, "a half that does not parse");
  std::set<std::string> names;
  for (const onnx::NodeProto& node : record.graph().node())
    for (const std::string& name : node.input()) names.insert(OnnxModule::torch_name(name));
  return names;
}

/// Leaves to be trained what is the unit's own and, where the head alone is frozen, what the tail
/// reads and the head does not.
Result<void> freeze(const TrainRequest& request, const std::vector<std::string>& own,
                    OnnxModule& module) {
  std::set<std::string> learning;
  if (request.frozen == Frozen::kHead) {
    learning = CLEAVE_TRY(read_by(CLEAVE_TRY(request.model.tail(*request.cut))));
    for (const std::string& name :
         CLEAVE_TRY(read_by(CLEAVE_TRY(request.model.head(*request.cut)))))
      learning.erase(name);
  }
  for (const std::string& name : own) learning.insert(OnnxModule::torch_name(name));
  for (auto& parameter : module.named_parameters())
    parameter.value().set_requires_grad(learning.contains(parameter.key()));
  return {};
}

/// The network to train: with the unit, or as it is.
Result<UnitNetwork> prepared(const TrainRequest& request) {
  const bool wants_cut =
      !request.unit.empty() || !request.codec.empty() || request.frozen != Frozen::kNothing;
  if (request.cut == nullptr && wants_cut)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a unit, a codec or a frozen part without a cut, expected where it goes");
  if (!request.unit.empty())
    return insert_unit(request.model, *request.cut, request.unit, request.options.seed);
  if (request.frozen == Frozen::kNetwork)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a frozen network without a unit, expected something that learns");
  UnitNetwork network;
  network.onnx_bytes = CLEAVE_TRY(request.model.to_bytes());
  if (request.cut == nullptr) return network;
  if (!request.cut->single())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "cut " + request.cut->id() + " has " + std::to_string(request.cut->values.size()) +
                    " values, expected one");
  network.code = request.cut->values.front().name;
  return network;
}

/// Scores with the codec as the bundle will have it.
Result<void> score(const TrainRequest& request, OnnxModule& module, CodecLayer* codec,
                   const Parts& parts, TrainedNetwork& trained) {
  if (codec != nullptr) {
    CLEAVE_TRY(calibrate_codec(module, *codec, parts.training));
    trained.calibration = codec->calibration();
    codec->take_mean_bytes();
  }
  trained.accuracy = CLEAVE_TRY(accuracy_of(module, parts.validation, request.options.batch));
  if (codec != nullptr) trained.code_bytes = codec->take_mean_bytes();
  return {};
}

}  // namespace

Result<TrainedNetwork> train_network(const TrainRequest& request,
                                     const std::function<Result<void>(const EpochReport&)>& told) {
  use_threads(request.options.threads);
  const UnitNetwork network = CLEAVE_TRY(prepared(request));
  const graph::Model model = CLEAVE_TRY(graph::Model::parse(network.onnx_bytes));
  const auto module = CLEAVE_TRY(OnnxModule::create(model));
  const auto teacher = CLEAVE_TRY(OnnxModule::create(request.model));
  const Parts parts = CLEAVE_TRY(split_pictures(request));
  if (!network.unit.empty()) CLEAVE_CHECK(fit_unit(model, network, parts.training, *module));
  if (request.frozen != Frozen::kNothing) CLEAVE_CHECK(freeze(request, network.weights, *module));
  std::optional<CodecLayer> codec;
  if (!request.codec.empty()) {
    codec = CLEAVE_TRY(CodecLayer::create(request.codec));
    CLEAVE_CHECK(module->set_transform(
        network.code, [&codec](const torch::Tensor& x) { return codec->forward(x); }));
  }
  TrainedNetwork trained{.onnx_bytes = {}, .unit = network.unit, .code = network.code};
  trained.training = parts.training.size();
  trained.validation = parts.validation.size();
  trained.uncut_accuracy =
      CLEAVE_TRY(accuracy_of(*teacher, parts.validation, request.options.batch));
  CodecLayer* const layer = codec ? &*codec : nullptr;
  Trainer trainer(module, teacher, layer, request.options);
  CLEAVE_CHECK(trainer.run(parts.training, parts.validation, told));
  CLEAVE_CHECK(score(request, *module, layer, parts, trained));
  trained.onnx_bytes = CLEAVE_TRY(module->to_onnx());
  return trained;
}

}  // namespace cleave::train
