#pragma once

// The state of a run of training on disk. Private to the module.
#include <cstdint>
#include <filesystem>
#include <string>

#include "train/onnx_module.h"
// Behind it.
#include <torch/optim/optimizer.h>

namespace cleave::train {

/// What a checkpoint holds, by reference.
struct Checkpoint {
  OnnxModule& module;
  torch::nn::Module* rate;  ///< may be null
  torch::optim::Optimizer& optimizer;
  std::int64_t& epoch;
  double& best_accuracy;
  int& without_better;
  /// What a run has to have in common with the one that wrote it.
  std::string run;
};

/// Writes by rename: after an error (kIo) the file is what it was.
Result<void> write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
/// Nothing changes where there is no such file. Errors: kCorrupt for a file that is no checkpoint,
/// kInvalidArgument for that of another run.
Result<void> read_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

}  // namespace cleave::train
