#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/image.h"
#include "data/preprocess.h"
#include "graph/model.h"

namespace cleave::study {

/// Inputs to run a network on, and where they came from.
struct Samples {
  std::vector<std::vector<Tensor>> inputs;  ///< one full set of inputs per sample, never empty
  std::vector<data::Image> pictures;        ///< as decoded; empty where inputs were no pictures
  std::optional<data::Preprocess> preprocess;
  bool random = false;  ///< seeded noise, for want of files
};

/// How pictures become the first of a network's `inputs`: as `spec` says, or where it is empty, as
/// the shape of an only input suggests; nothing where that suggests nothing. kInvalidArgument for a
/// spec that makes another shape.
Result<std::optional<data::Preprocess>> choose_preprocess(std::span<const TensorSpec> inputs,
                                                          std::string_view spec);

/// Loads photos, .npy files, folders of them or films for a network with one input; without any
/// path, seeded noise for a network of any inputs. `preprocess` is a spec, or empty for the one
/// that the input's shape suggests. At most `limit` files and pictures of films are read.
Result<Samples> load_samples(const graph::Model& model, std::span<const std::string> paths,
                             std::string_view preprocess, std::size_t limit);

}  // namespace cleave::study
