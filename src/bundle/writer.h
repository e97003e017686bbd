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

/// One cut of a bundle.
struct CutRequest {
  const graph::Cut* cut = nullptr;
  /// The network that is cut, if it is not the whole one but that with a unit trained into it; it
  /// has the same inputs and outputs.
  const graph::Model* network = nullptr;
  std::string codec;  ///< spec, for every float value that crosses
  /// Values whose codec was calibrated before; the others are by `codec` and the samples.
  std::vector<codec::CalibratedValue> calibrated{};
  std::optional<CutCosts> costs{};
  std::string unit{};  ///< as CutEntry has them
  std::optional<double> accuracy{};
};

/// What a bundle is made from.
struct WriteRequest {
  std::string name;
  std::string model_name;
  std::vector<CutRequest> cuts;  ///< the first is the default
  /// Inputs of real runs (each a full set in the model's order), on which codecs are calibrated.
  /// The first becomes the check vector. At least one.
  std::vector<std::vector<Tensor>> samples;
  std::string preprocess;
  std::vector<std::string> labels;
  std::optional<WholeCosts> costs;
  std::optional<double> accuracy{};  ///< of the whole network, as Manifest has it
};

/// Cuts the networks, runs all halves on the samples and writes the bundle: whole or not at all.
/// Fails when the joined halves do not give the outputs of the network that was cut (with the codec
/// left out), and for the same cut with the same unit and codec twice.
Result<void> write_bundle(const graph::Model& model, engine::Engine& engine,
                          const WriteRequest& request, const std::filesystem::path& folder);

}  // namespace cleave::bundle
