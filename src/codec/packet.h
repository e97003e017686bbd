#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "base/tensor.h"
#include "codec/codec.h"

/// Packets: payloads with a header and a checksum. docs/formats/packet.md is the written format.
/// Every function here is thread-safe. Decoders take hostile bytes: a packet that was altered,
/// cut short or lengthened is refused.
namespace cleave::codec {

/// Version of both headers; decoders read every version up to it.
inline constexpr std::uint8_t kPacketVersion = 1;
/// Size of the bound header.
inline constexpr std::size_t kBoundHeaderBytes = 14;

/// What a self-describing header says, before its checksum is verified.
struct PacketInfo {
  std::uint8_t version = 0;
  std::string spec;
  std::vector<std::uint8_t> stage_versions;
  Json calibration = Json::object();
  DType dtype = DType::kF32;
  Shape shape;
  std::size_t header_bytes = 0;
  std::size_t payload_bytes = 0;
};

/// What a bound header says, before its checksum is verified.
struct BoundInfo {
  std::uint8_t version = 0;
  std::uint32_t codec_id = 0;
  std::size_t payload_bytes = 0;
};

/// A self-describing packet, for files: codec, type and shape travel with the payload.
/// Errors: those of Codec::encode(); kUnsupported for a rank over 255 or a calibration over 64 KiB.
Result<Bytes> encode_packet(const Codec& codec, const Tensor& tensor);

/// Reads a self-describing packet; `packet` must be exactly one. `max_tensor_bytes` as in
/// Codec::decode(). Errors: kNotThisFormat, kUnsupported (a newer version), kNeedMoreBytes,
/// kCorrupt, kResourceExhausted.
Result<Tensor> decode_packet(std::span<const std::byte> packet,
                             std::size_t max_tensor_bytes = kMaxTensorBytes);

/// The packet with as much of its payload as fits into `max_payload_bytes` and still decodes, to a
/// coarser tensor. Errors: those of decode_packet() and Codec::trimmed_bytes().
Result<Bytes> trim_packet(std::span<const std::byte> packet, std::size_t max_payload_bytes);

/// Reads only the header; `bytes` may go on. kNeedMoreBytes when the header is not complete.
Result<PacketInfo> peek_packet(std::span<const std::byte> bytes);

/// A bound packet, for the wire: 14 bytes of header; type, shape and codec stand in the bundle.
/// Errors: those of Codec::encode(); kUnsupported for a payload of 4 GiB or more.
Result<Bytes> encode_bound(const Codec& codec, const Tensor& tensor);

/// Reads a bound packet; `packet` must be exactly one, and of this codec (kInvalidArgument
/// otherwise). Other errors as decode_packet().
Result<Tensor> decode_bound(const Codec& codec, std::span<const std::byte> packet, DType dtype,
                            const Shape& shape, std::size_t max_tensor_bytes = kMaxTensorBytes);

/// Reads only the header, so that a receiver of a stream knows how much to wait for and which of
/// the bundle's codecs to use.
Result<BoundInfo> peek_bound(std::span<const std::byte> bytes);

}  // namespace cleave::codec
