#include "picture_args.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "data/labels.h"
#include "study/samples.h"

namespace cleave::app {

Result<data::Dataset> open_training_set(const std::string& name) {
  auto training = data::Dataset::open(name, "train");
  const bool no_splits = !training && training.error().code == ErrorCode::kInvalidArgument;
  return no_splits ? data::Dataset::open(name) : std::move(training);
}

void add_picture_args(CLI::App& command, PictureArgs& args) {
  command
      .add_option("--data", args.data,
                  "cifar10, fashion-mnist, or a folder or tar archive of pictures")
      ->required();
  command.add_option("--split", args.split, "train or test; train where there is one");
  command.add_option("--seed", args.seed, "of the choice of pictures")->capture_default_str();
  command.add_option("--preprocess", args.preprocess, "how a picture becomes the input");
  command.add_option("--labels", args.labels, "file with the network's class names, one a line");
}

Result<PictureHalves> open_pictures(const graph::Model& model, const PictureArgs& args,
                                    std::size_t in_a_half) {
  data::Dataset set = CLEAVE_TRY(args.split.empty() ? open_training_set(args.data)
                                                    : data::Dataset::open(args.data, args.split));
  const auto preprocess = CLEAVE_TRY(study::choose_preprocess(model.inputs(), args.preprocess));
  if (!preprocess)
    return fail(ErrorCode::kInvalidArgument, "pictures",
                "the network's input does not look like a picture; say how with --preprocess");
  std::vector<std::string> labels;
  if (!args.labels.empty()) labels = CLEAVE_TRY(data::read_labels(args.labels));
  data::Halves halves = data::shuffled_halves(set.size(), args.seed);
  for (auto* half : {&halves.calibration, &halves.scoring})
    half->resize(std::min(half->size(), in_a_half));
  return PictureHalves{std::move(set), *preprocess, std::move(labels), std::move(halves)};
}

}  // namespace cleave::app
