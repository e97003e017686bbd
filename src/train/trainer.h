#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "train/codec_layer.h"
#include "train/onnx_module.h"
#include "train/pictures.h"
#include "train/rate_model.h"
#include "train/train_options.h"

namespace cleave::train {

/// Top-1 accuracy in evaluation mode, in 0..1.
Result<double> accuracy_of(OnnxModule& module, const PictureStore& pictures, std::size_t batch);

/// Calibrates the codec on what crosses for the first pictures, at most 64, as the network now is;
/// gives that. The module is left in evaluation mode.
Result<torch::Tensor> calibrate_codec(OnnxModule& module, CodecLayer& codec,
                                      const PictureStore& pictures);

/// Trains a classifier: a network with one input, a picture, whose first output are logits or,
/// where its last layer is a Softmax, probabilities. Parameters that do not require a gradient
/// stay, and so do batch norms whose scale is one of them.
///
/// Thread safety: none. Errors: kInvalidArgument for labels beyond the network's classes and for a
/// run that diverges, with the step and the loss; kIo where a checkpoint cannot be written, the old
/// one being left.
class Trainer {
 public:
  /// `teacher` may be null; then there is no distillation. `codec` may be null; else it is a
  /// transform of the module, and calibrated anew before each epoch.
  Trainer(std::shared_ptr<OnnxModule> module, std::shared_ptr<OnnxModule> teacher,
          CodecLayer* codec, TrainOptions options);

  using Told = std::function<Result<void>(const EpochReport&)>;
  /// All epochs, or those that a checkpoint leaves. An error of `told` ends the run, after the
  /// epoch's checkpoint.
  Result<void> run(const PictureStore& training, const PictureStore& validation, const Told& told);

 private:
  struct Progress;
  Result<void> begin_epoch(const PictureStore& training);
  Result<torch::Tensor> loss_of(const Batch& batch);
  Result<EpochReport> run_epoch(const PictureStore& training, Progress& progress);

  std::shared_ptr<OnnxModule> module_;
  std::shared_ptr<OnnxModule> teacher_;
  CodecLayer* codec_;
  std::shared_ptr<RateModel> rate_;  ///< where the bytes count
  TrainOptions options_;
};

}  // namespace cleave::train
