#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "data/preprocess.h"
#include "graph/model.h"
#include "train/train_options.h"

namespace cleave::train {

/// A unit to be trained at a cut. The references have to outlive the call.
struct UnitRequest {
  const graph::Model& model;
  const graph::Cut& cut;
  std::string unit;   ///< spec: insert_unit() lists them
  std::string codec;  ///< spec of what codes the unit's output, in training too; empty: none
  const data::Dataset& pictures;  ///< labelled
  data::Preprocess preprocess;
  std::size_t limit = 0;  ///< pictures that are used, chosen by the seed; 0: all
  /// Pictures that are not trained on; after each epoch the network is scored on them.
  double validation_share = 0.1;
  /// The unit alone learns; the network around it stays as it is.
  bool freeze_network = false;
  TrainOptions options;
};

/// A network with a trained unit.
struct TrainedUnit {
  std::string onnx_bytes;
  /// Of the codec, on codes of training pictures. In training it measured each by itself.
  Json calibration = Json::object();
  std::string unit;            ///< the canonical spec
  std::string code;            ///< the value that crosses
  std::size_t training = 0;    ///< pictures
  std::size_t validation = 0;  ///< pictures
  double uncut_accuracy = 0;   ///< of the network as it was, on the validation pictures, in 0..1
  double accuracy = 0;         ///< with unit and codec, on the same
  double code_bytes = 0;       ///< that cross for a picture; 0 without a codec
};

/// Puts the unit in, trains it and writes the network. `told` hears of every epoch. Errors: those
/// of insert_unit(), OnnxModule and Trainer.
Result<TrainedUnit> train_unit(const UnitRequest& request,
                               const std::function<void(const EpochReport&)>& told);

}  // namespace cleave::train
