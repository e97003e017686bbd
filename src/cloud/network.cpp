#include "cloud/network.h"

#include "codec/packet.h"

namespace cleave::cloud {
namespace {

constexpr std::string_view kPlatform = "cleave_onnx";

std::vector<wire::TensorMetadata> tensors(const std::vector<TensorSpec>& specs) {
  std::vector<wire::TensorMetadata> list;
  for (const TensorSpec& spec : specs)
    list.push_back({spec.name, std::string(wire::datatype_of(spec.dtype)), spec.shape});
  return list;
}

}  // namespace

wire::ModelMetadata metadata_of(const Network& network) {
  wire::ModelMetadata metadata{.name = network.name,
                               .versions = {std::string(kVersion)},
                               .platform = std::string(kPlatform),
                               .inputs = tensors(network.inputs),
                               .outputs = tensors(network.outputs),
                               .parameters = {}};
  if (network.packets) {
    metadata.parameters.emplace(kPacketInput, network.packets->announcement);
    metadata.parameters.emplace("packet_version", std::int64_t{codec::kPacketVersion});
    if (network.packets->sequences)
      metadata.parameters.emplace("stream_version", std::int64_t{codec::kStreamVersion});
  }
  if (network.image) metadata.parameters.emplace(kImageInput, network.image->spec());
  return metadata;
}

}  // namespace cleave::cloud
