#include "codec/packet.h"

#include <limits>

#include "base/checksum.h"
#include "base/file.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.packet";

// The self-describing header: this, then dimensions, spec, calibration and stage versions.
constexpr std::string_view kMagic = "CLVP";
constexpr std::size_t kVersionAt = 4;
constexpr std::size_t kDTypeAt = 5;
constexpr std::size_t kRankAt = 6;
constexpr std::size_t kStagesAt = 7;
constexpr std::size_t kSpecBytesAt = 8;
constexpr std::size_t kCalibrationBytesAt = 10;
constexpr std::size_t kPayloadBytesAt = 12;
constexpr std::size_t kChecksumAt = 20;
constexpr std::size_t kFixedBytes = 24;

// The bound header.
constexpr std::size_t kBoundFlagsAt = 1;
constexpr std::size_t kBoundIdAt = 2;
constexpr std::size_t kBoundPayloadBytesAt = 6;
constexpr std::size_t kBoundChecksumAt = 10;

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, kPlace, std::move(message));
}

std::unexpected<Error> too_short(std::size_t found, std::size_t expected) {
  return fail(ErrorCode::kNeedMoreBytes, kPlace,
              std::to_string(found) + " bytes, expected " + std::to_string(expected) + " or more");
}

/// CRC-32C over the packet but for the four bytes that hold it.
std::uint32_t checksum_around(std::span<const std::byte> packet, std::size_t at) {
  return crc32c(packet.subspan(at + 4), crc32c(packet.first(at)));
}

Result<void> check_version(std::uint8_t version) {
  if (version == kPacketVersion) return {};
  return fail(
      ErrorCode::kUnsupported, kPlace,
      "packet version " + std::to_string(version) + ", expected " + std::to_string(kPacketVersion));
}

/// Length and checksum, once the header has been understood.
Result<void> check_whole(std::span<const std::byte> packet, std::size_t header_bytes,
                         std::size_t payload_bytes, std::size_t checksum_at) {
  const std::size_t found = packet.size() - header_bytes;
  if (found != payload_bytes) {
    return fail(found < payload_bytes ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, kPlace,
                "payload has " + std::to_string(found) + " bytes, header promises " +
                    std::to_string(payload_bytes));
  }
  if (checksum_around(packet, checksum_at) == load_le<std::uint32_t>(packet, checksum_at))
    return {};
  return corrupt("checksum does not match, the packet was altered");
}

/// Reads dimensions at the front of `bytes`, eight bytes each.
Result<Shape> load_shape(std::span<const std::byte> bytes, std::size_t rank) {
  Shape shape;
  for (std::size_t i = 0; i < rank; ++i) {
    shape.push_back(static_cast<std::int64_t>(load_le<std::uint64_t>(bytes, 8 * i)));
  }
  if (!element_count(shape))
    return corrupt("shape " + shape_text(shape) + ", expected dimensions that fit in memory");
  return shape;
}

}  // namespace

Result<Bytes> encode_packet(const Codec& codec, const Tensor& tensor) {
  const std::string calibration = codec.calibration().empty() ? "" : codec.calibration().dump();
  const std::vector<std::uint8_t> versions = codec.stage_versions();
  constexpr std::size_t kMaxText = std::numeric_limits<std::uint16_t>::max();
  if (tensor.shape().size() > 255 || codec.spec().size() > kMaxText ||
      calibration.size() > kMaxText) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "rank " + std::to_string(tensor.shape().size()) + ", spec of " +
                    std::to_string(codec.spec().size()) + " and calibration of " +
                    std::to_string(calibration.size()) +
                    " bytes, expected at most 255, 65535 and 65535");
  }
  Bytes packet(as_bytes(kMagic).begin(), as_bytes(kMagic).end());
  append_le<std::uint8_t>(packet, kPacketVersion);
  append_le(packet, static_cast<std::uint8_t>(tensor.dtype()));
  append_le(packet, static_cast<std::uint8_t>(tensor.shape().size()));
  append_le(packet, static_cast<std::uint8_t>(versions.size()));
  append_le(packet, static_cast<std::uint16_t>(codec.spec().size()));
  append_le(packet, static_cast<std::uint16_t>(calibration.size()));
  packet.resize(kFixedBytes);
  for (std::int64_t dimension : tensor.shape())
    append_le(packet, static_cast<std::uint64_t>(dimension));
  for (std::byte b : as_bytes(codec.spec())) packet.push_back(b);
  for (std::byte b : as_bytes(calibration)) packet.push_back(b);
  for (std::uint8_t version : versions) append_le(packet, version);
  const std::size_t header_bytes = packet.size();
  CLEAVE_CHECK(codec.encode_to(tensor, packet));
  store_le<std::uint64_t>(packet, kPayloadBytesAt, packet.size() - header_bytes);
  store_le(packet, kChecksumAt, checksum_around(packet, kChecksumAt));
  return packet;
}

Result<PacketInfo> peek_packet(std::span<const std::byte> bytes) {
  const std::size_t known = std::min(bytes.size(), kMagic.size());
  if (as_text(bytes.first(known)) != kMagic.substr(0, known)) {
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "the bytes do not begin with CLVP, expected a packet");
  }
  if (bytes.size() < kFixedBytes) return too_short(bytes.size(), kFixedBytes);
  PacketInfo info;
  info.version = load_le<std::uint8_t>(bytes, kVersionAt);
  CLEAVE_CHECK(check_version(info.version));
  const auto dtype = load_le<std::uint8_t>(bytes, kDTypeAt);
  if (dtype < static_cast<std::uint8_t>(DType::kF32) ||
      dtype > static_cast<std::uint8_t>(DType::kBool)) {
    return corrupt("dtype " + std::to_string(dtype) + ", expected 1 to 13");
  }
  info.dtype = static_cast<DType>(dtype);
  const std::size_t rank = load_le<std::uint8_t>(bytes, kRankAt);
  const std::size_t stages = load_le<std::uint8_t>(bytes, kStagesAt);
  const std::size_t spec_bytes = load_le<std::uint16_t>(bytes, kSpecBytesAt);
  const std::size_t calibration_bytes = load_le<std::uint16_t>(bytes, kCalibrationBytesAt);
  info.payload_bytes = load_le<std::uint64_t>(bytes, kPayloadBytesAt);
  info.header_bytes = kFixedBytes + 8 * rank + spec_bytes + calibration_bytes + stages;
  if (bytes.size() < info.header_bytes) return too_short(bytes.size(), info.header_bytes);
  std::span<const std::byte> rest = bytes.subspan(kFixedBytes);
  info.shape = CLEAVE_TRY(load_shape(rest, rank));
  rest = rest.subspan(8 * rank);
  info.spec = as_text(rest.first(spec_bytes));
  rest = rest.subspan(spec_bytes);
  if (calibration_bytes > 0)
    info.calibration = CLEAVE_TRY(parse_json(as_text(rest.first(calibration_bytes)), kPlace));
  for (std::byte version : rest.subspan(calibration_bytes, stages)) {
    info.stage_versions.push_back(static_cast<std::uint8_t>(version));
  }
  return info;
}

namespace {

/// The codec of a packet that is whole.
Result<Codec> codec_of(std::span<const std::byte> packet, const PacketInfo& info) {
  CLEAVE_CHECK(check_whole(packet, info.header_bytes, info.payload_bytes, kChecksumAt));
  Codec codec = CLEAVE_TRY(Codec::create(info.spec, info.calibration));
  if (codec.spec() != info.spec)
    return corrupt("spec '" + info.spec + "', expected '" + codec.spec() + "'");
  if (codec.stage_versions() != info.stage_versions) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "stages of '" + info.spec + "' in versions that this build does not read");
  }
  return codec;
}

}  // namespace

Result<Tensor> decode_packet(std::span<const std::byte> packet, std::size_t max_tensor_bytes) {
  const PacketInfo info = CLEAVE_TRY(peek_packet(packet));
  const Codec codec = CLEAVE_TRY(codec_of(packet, info));
  return codec.decode(packet.subspan(info.header_bytes), info.dtype, info.shape, max_tensor_bytes);
}

Result<Bytes> trim_packet(std::span<const std::byte> packet, std::size_t max_payload_bytes) {
  const PacketInfo info = CLEAVE_TRY(peek_packet(packet));
  const Codec codec = CLEAVE_TRY(codec_of(packet, info));
  const std::size_t kept = CLEAVE_TRY(codec.trimmed_bytes(
      packet.subspan(info.header_bytes), info.dtype, info.shape, max_payload_bytes));
  const auto part = packet.first(info.header_bytes + kept);
  Bytes trimmed(part.begin(), part.end());
  store_le<std::uint64_t>(trimmed, kPayloadBytesAt, kept);
  store_le(trimmed, kChecksumAt, checksum_around(trimmed, kChecksumAt));
  return trimmed;
}

Result<Bytes> encode_bound(const Codec& codec, const Tensor& tensor) {
  Bytes packet;
  packet.reserve(kBoundHeaderBytes +
                 CLEAVE_TRY(codec.max_payload_bytes(tensor.dtype(), tensor.shape())));
  packet.resize(kBoundHeaderBytes);
  CLEAVE_CHECK(codec.encode_to(tensor, packet));
  const std::size_t payload_bytes = packet.size() - kBoundHeaderBytes;
  if (payload_bytes > std::numeric_limits<std::uint32_t>::max()) {
    return fail(
        ErrorCode::kUnsupported, kPlace,
        "a payload of " + std::to_string(payload_bytes) + " bytes, expected less than 4 GiB");
  }
  store_le<std::uint8_t>(packet, 0, kPacketVersion);
  store_le<std::uint8_t>(packet, kBoundFlagsAt, 0);
  store_le(packet, kBoundIdAt, codec.id());
  store_le(packet, kBoundPayloadBytesAt, static_cast<std::uint32_t>(payload_bytes));
  store_le(packet, kBoundChecksumAt, checksum_around(packet, kBoundChecksumAt));
  return packet;
}

Result<BoundInfo> peek_bound(std::span<const std::byte> bytes) {
  if (bytes.size() < kBoundHeaderBytes) return too_short(bytes.size(), kBoundHeaderBytes);
  BoundInfo info;
  info.version = load_le<std::uint8_t>(bytes, 0);
  CLEAVE_CHECK(check_version(info.version));
  const auto flags = load_le<std::uint8_t>(bytes, kBoundFlagsAt);
  if (flags != 0) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "flags " + std::to_string(flags) + ", expected none");
  }
  info.codec_id = load_le<std::uint32_t>(bytes, kBoundIdAt);
  info.payload_bytes = load_le<std::uint32_t>(bytes, kBoundPayloadBytesAt);
  return info;
}

Result<Tensor> decode_bound(const Codec& codec, std::span<const std::byte> packet, DType dtype,
                            const Shape& shape, std::size_t max_tensor_bytes) {
  const BoundInfo info = CLEAVE_TRY(peek_bound(packet));
  CLEAVE_CHECK(check_whole(packet, kBoundHeaderBytes, info.payload_bytes, kBoundChecksumAt));
  if (info.codec_id != codec.id()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "packet of codec " + std::to_string(info.codec_id) + ", expected " +
                    std::to_string(codec.id()) + " ('" + codec.spec() + "')");
  }
  return codec.decode(packet.subspan(kBoundHeaderBytes), dtype, shape, max_tensor_bytes);
}

}  // namespace cleave::codec
