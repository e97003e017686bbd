#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/writer.h"
#include "data/dataset.h"
#include "data/preprocess.h"
#include "model_args.h"
#include "train/train_options.h"

namespace cleave::app {

/// The arguments of the verbs that train.
struct TrainArgs {
  ModelArgs model;
  std::string data;
  std::string preprocess;
  double validation = 0.1;
  std::string optimizer = "sgd";
  std::string schedule = "cosine";
  std::string precision = "auto";
  train::TrainOptions options;
};

/// The network and the pictures.
void add_training_set_args(CLI::App& command, TrainArgs& args);
/// How it is trained.
void add_loop_args(CLI::App& command, TrainArgs& args);
/// What they say, names resolved.
Result<train::TrainOptions> train_options(const TrainArgs& args);

/// What is trained, and on what.
struct Training {
  LoadedModel loaded;
  data::Dataset set;
  data::Preprocess preprocess;
};
Result<Training> open_training(const TrainArgs& args, std::string_view verb);

/// Sees what would only show behind hours of training: that `out` can be made and is not there.
Result<void> check_can_be_made(const std::string& out, std::string_view verb);

/// What training wrote, as a network that can be cut.
Result<graph::Model> parse_trained(const Training& training, std::string_view onnx_bytes);

/// Writes a bundle of trained cuts: `request` has the cuts, the accuracy and the costs; names,
/// labels and samples come from the training. `whole` is the network of device-only and cloud-only.
Result<void> write_trained(const Training& training, const graph::Model& whole,
                           bundle::WriteRequest request, const std::string& out);

}  // namespace cleave::app
