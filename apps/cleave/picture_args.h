#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/preprocess.h"
#include "data/subset.h"
#include "graph/model.h"
#include "study/evaluate.h"

namespace CLI {
class App;
}

namespace cleave::app {

/// The pictures of a set for training; all of them where it has no splits. Errors: those of
/// data::Dataset::open().
Result<data::Dataset> open_training_set(const std::string& name);

/// The arguments of verbs that calibrate codecs on some pictures and score them on others.
struct PictureArgs {
  std::string data;
  std::string split;
  std::string preprocess;
  std::string labels;
  std::uint64_t seed = 1;
};

void add_picture_args(CLI::App& command, PictureArgs& args);

/// What they name. Halves that are handed out borrow from it.
struct PictureHalves {
  data::Dataset set;
  data::Preprocess preprocess;
  std::vector<std::string> labels;
  data::Halves halves;

  study::EvalData fit() const { return {set, halves.calibration, preprocess, labels}; }
  study::EvalData held_out() const { return {set, halves.scoring, preprocess, labels}; }
};

/// Opens the pictures for training, where the data says which they are; at most so many in a half.
Result<PictureHalves> open_pictures(const graph::Model& model, const PictureArgs& args,
                                    std::size_t in_a_half);

}  // namespace cleave::app
