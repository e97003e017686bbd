#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "bundle/bundle.h"
#include "cloud/sequences.h"
#include "data/preprocess.h"
#include "engine/engine.h"
#include "wire/types.h"

namespace cleave::cloud {

/// The one version under which every network is served.
inline constexpr std::string_view kVersion = "1";
/// The BYTES inputs that are decoded here; the server's metadata names both as extensions.
inline constexpr std::string_view kPacketInput = "packet";
inline constexpr std::string_view kImageInput = "image";

/// A tail's second way in: packets instead of the tensors that cross the cut.
struct PacketFeed {
  bundle::CutCodec codec;
  std::string announcement;              ///< "name:dtype:shape:codec" of each value, joined by ';'
  std::shared_ptr<Sequences> sequences;  ///< null where the codecs code no streams
};

/// A compiled network, its names, and what it takes besides plain tensors.
struct Network {
  std::string name;
  std::string source;    ///< the path it came from, for messages
  std::string identity;  ///< SHA-256 of its ONNX bytes and how pictures are fed to it
  std::unique_ptr<engine::Session> session;
  /// In the order of the session's; names are the ONNX graph's.
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::optional<PacketFeed> packets;
  std::optional<data::Preprocess> image;
};

/// What clients are told of a network: plain tensors, with `packet` and `image` among the
/// parameters.
wire::ModelMetadata metadata_of(const Network& network);

}  // namespace cleave::cloud
