#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"
#include "plan/cost_model.h"

namespace cleave::bundle {

/// A file of the bundle and the SHA-256 of its content, in hexadecimal.
struct FileEntry {
  std::string file;
  std::string sha256;
};

/// One value that crosses a cut, and how it is coded.
struct CrossingValue {
  TensorSpec value;
  std::string codec;                  ///< canonical spec
  Json calibration = Json::object();  ///< what the codec measured at split time
};

/// What the plan knew of a cut, measured on the machines that the profiles came from.
struct CutCosts {
  double head_ms = 0;
  double tail_ms = 0;
  plan::CodecCost codec;
};

/// One cut of the network and its two halves.
/// The head takes `head_inputs` (some of the network's inputs) and makes `head_outputs`; the tail
/// takes the crossing values and makes `tail_outputs`. A crossing value is a head output or one of
/// the network's own inputs. A network output is a tail output or, born before the cut, a head
/// output.
///
/// A cut may be one of the network with a unit trained into it: then its halves are those of that
/// network, which has the inputs and outputs of the whole one and its own weights.
struct CutEntry {
  /// The number of layers in the head; behind a point a number, from 2, where cuts share it.
  std::string id;
  std::string after_layer;
  std::vector<CrossingValue> crossing;  ///< in the order of the packets
  std::vector<TensorSpec> head_inputs;
  std::vector<TensorSpec> head_outputs;
  std::vector<TensorSpec> tail_outputs;
  FileEntry head;
  FileEntry tail;
  FileEntry check;  ///< one input and what it becomes, see CheckVector
  std::optional<CutCosts> costs;
  std::string unit{};                ///< spec of the unit at the cut; empty: none
  std::optional<double> accuracy{};  ///< top-1 through this cut, in 0..1, on held-out pictures
};

/// What the plan knew of the whole network.
struct WholeCosts {
  double device_ms = 0;
  double device_slowdown = 1;  ///< above 1: an emulated slower device
  double cloud_ms = 0;
  plan::CodecCost input;  ///< the input itself, as cloud-only sends it
  /// Spec of the picture that this is; empty: plain tensors, or nobody said.
  std::string picture{};
};

/// "bundle.json", docs/formats/bundle.md.
struct Manifest {
  std::string name;
  std::string model_name;  ///< under which the whole network is served
  FileEntry model;
  /// Of the whole network with its weights inside: what plans and tables name it by.
  std::string model_sha256;
  std::optional<FileEntry> weights;  ///< of all networks, each once; none where all are small
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::string preprocess;  ///< spec of how a picture becomes the input; empty: no pictures
  std::vector<std::string> labels;
  std::vector<CutEntry> cuts;  ///< at least one; the first is the default
  std::optional<WholeCosts> costs;
  std::optional<double> accuracy{};  ///< of the whole network, as those of the cuts
};

/// The name under which the whole network is served: `model_name`, or `model_name@whole` where the
/// bundle itself has that name.
std::string whole_model_name(const Manifest& manifest);

Json to_json(const Manifest& manifest);
/// Errors: kNotThisFormat, kUnsupported (a newer version), kCorrupt for anything missing, mistyped
/// or contradictory: names of files that leave the folder, shapes that overflow, values nobody
/// makes.
Result<Manifest> manifest_from_json(const Json& json);

}  // namespace cleave::bundle
