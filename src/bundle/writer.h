#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "codec/calibrated_value.h"
#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::bundle {

/// What a bundle is made from.
struct WriteRequest {
  std::string name;
  std::string model_name;
  std::vector<const graph::Cut*> cuts;  ///< of the model; the first is the default
  std::string codec;                    ///< spec, for every float value that crosses
  /// Values whose codec was calibrated before; the others are by `codec` and the samples.
  std::vector<codec::CalibratedValue> calibrated;
  /// Inputs of real runs (each a full set in the model's order), on which codecs are calibrated.
  /// The first becomes the check vector. At least one.
  std::vector<std::vector<Tensor>> samples;
  std::string preprocess;
  std::vector<std::string> labels;
  std::optional<WholeCosts> costs;
  std::vector<std::optional<CutCosts>> cut_costs;  ///< one per cut, or none at all
};

/// Cuts the model, runs both halves on the samples and writes the bundle: whole or not at all.
/// Fails when the joined halves do not give the uncut network's outputs (with the codec left out).
Result<void> write_bundle(const graph::Model& model, engine::Engine& engine,
                          const WriteRequest& request, const std::filesystem::path& folder);

}  // namespace cleave::bundle
