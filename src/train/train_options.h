#pragma once

#include <cstdint>
#include <filesystem>

namespace cleave::train {

/// How pictures are varied.
struct Augmentation {
  int crop = 0;  ///< black pixels around a picture, out of which a window is cut at random
  bool flip = false;
};

enum class Optimizer { kSgd, kAdamW };
enum class Schedule {
  kCosine,  ///< down to 0 along half a cosine
  kStep,    ///< a tenth after half of the steps, a hundredth after three quarters
};

/// What a run of training does. A plain value.
struct TrainOptions {
  std::int64_t epochs = 10;
  std::size_t batch = 128;
  Optimizer optimizer = Optimizer::kSgd;
  double learning_rate = 0.05;
  double momentum = 0.9;  ///< of SGD, Nesterov's
  double weight_decay = 5e-4;
  Schedule schedule = Schedule::kCosine;
  double label_smoothing = 0;
  /// Share of the loss that is the distance from the teacher's answers, at this temperature
  /// (Hinton et al. 2015), the rest that from the labels.
  double distillation = 0;
  double temperature = 4;
  /// Loss that a kilobyte of a picture's code counts as, by a learned entropy model (RateModel); 0:
  /// nothing. Needs a codec.
  double rate = 0;
  Augmentation augmentation{.crop = 4, .flip = true};
  std::uint64_t seed = 1;
  int threads = 0;    ///< that compute; 0: one for every processor
  bool bf16 = false;  ///< products and convolutions in bfloat16
  /// Stop after so many epochs without a better accuracy; 0: never.
  int patience = 0;
  /// Written after each epoch, by rename; a run that finds one goes on from it and ends with the
  /// weights that it would have had. Empty: none.
  std::filesystem::path checkpoint;
};

/// An epoch, told when it has ended.
struct EpochReport {
  std::int64_t epoch = 0;  ///< from 1
  std::int64_t epochs = 0;
  double loss = 0;           ///< mean over its steps
  double accuracy = 0;       ///< on the validation pictures, in evaluation mode
  double code_bytes = 0;     ///< of the codec layer, per picture; 0 without one
  double learning_rate = 0;  ///< of its last step
  double seconds = 0;
  double loader_wait_s = 0;  ///< of these, waiting for pictures
};

}  // namespace cleave::train
