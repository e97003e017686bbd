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

/// What stays as it is.
enum class Frozen {
  kNothing,
  kHead,     ///< the unit and what lies behind the cut learn
  kNetwork,  ///< the unit alone learns
};

/// A network to be trained, with a unit or without. The references have to outlive the call.
struct TrainRequest {
  const graph::Model& model;
  const graph::Cut* cut = nullptr;  ///< where the unit or the codec goes; null where there is none
  std::string unit;                 ///< spec: insert_unit() lists them; empty: none
  std::string codec;              ///< spec of what codes what crosses, in training too; empty: none
  const data::Dataset& pictures;  ///< labelled
  data::Preprocess preprocess;
  std::size_t limit = 0;  ///< pictures that are used, chosen by the seed; 0: all
  /// Pictures that are not trained on; after each epoch the network is scored on them.
  double validation_share = 0.1;
  Frozen frozen = Frozen::kNothing;
  TrainOptions options;
};

/// A trained network.
struct TrainedNetwork {
  std::string onnx_bytes;
  /// Of the codec, on codes of training pictures.
  Json calibration = Json::object();
  std::string unit;            ///< the canonical spec; empty without one
  std::string code;            ///< the value that crosses; empty without a cut
  std::size_t training = 0;    ///< pictures
  std::size_t validation = 0;  ///< pictures
  double uncut_accuracy = 0;   ///< of the network as it was, on the validation pictures, in 0..1
  double accuracy = 0;         ///< with unit and codec, on the same
  double code_bytes = 0;       ///< that cross for a picture; 0 without a codec
};

/// Puts the unit in, if there is one, trains, and writes the network. `told` hears of every epoch;
/// its error ends the training.
/// Errors: those of insert_unit(), OnnxModule and Trainer; kInvalidArgument for a unit, a codec or
/// a frozen part without a cut.
Result<TrainedNetwork> train_network(const TrainRequest& request,
                                     const std::function<Result<void>(const EpochReport&)>& told);

}  // namespace cleave::train
