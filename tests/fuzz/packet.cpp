// Every decoder of packets on any bytes. The checksum would keep a fuzzer outside, so it is also
// made to fit, and payloads are decoded without a packet.
#include "codec/packet.h"

#include <array>
#include <cstdlib>

#include "base/checksum.h"
#include "codec/packet_list.h"

namespace {

using cleave::Bytes;
using cleave::DType;
using cleave::Shape;
using Span = std::span<const std::byte>;

constexpr std::size_t kLimit = 1 << 20;
constexpr std::size_t kPayloadBytesAt = 12;
constexpr std::size_t kChecksumAt = 20;
constexpr std::size_t kFixedBytes = 24;

void check(const cleave::Result<cleave::Tensor>& tensor) {
  if (tensor ? tensor->byte_size() > kLimit : tensor.error().message.empty()) std::abort();
}

void decode_forged(Span bytes) {
  if (bytes.size() < kFixedBytes) return;
  Bytes packet(bytes.begin(), bytes.end());
  if (const auto info = cleave::codec::peek_packet(packet)) {
    cleave::store_le<std::uint64_t>(packet, kPayloadBytesAt, packet.size() - info->header_bytes);
  }
  const std::uint32_t former = cleave::crc32c(Span(packet).first(kChecksumAt));
  cleave::store_le(packet, kChecksumAt, cleave::crc32c(Span(packet).subspan(kFixedBytes), former));
  check(cleave::codec::decode_packet(packet, kLimit));
}

/// The first bytes choose codec, type and shape; the rest is the payload.
void decode_payload(Span bytes) {
  constexpr std::array kSpecs{"raw|zstd",
                              "f16",
                              "quant",
                              "quant:bits=3",
                              "quant:bits=16|zstd",
                              "tile|png",
                              "tile|jpeg",
                              "tile|webp",
                              "tile|webp:mode=lossless",
                              "tile|h264",
                              "tile|h265",
                              "cleave",
                              "cleave:profile=fast"};
  constexpr std::array kDTypes{DType::kF32, DType::kF16, DType::kU8, DType::kI64};
  if (bytes.size() < 5) return;
  const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
  const auto codec = cleave::codec::Codec::create(kSpecs[at(0) % kSpecs.size()]);
  Shape shape;
  for (std::size_t i = 2; i < 5; ++i) shape.push_back(static_cast<std::int64_t>(at(i) % 32));
  check(codec->decode(bytes.subspan(5), kDTypes[at(1) % kDTypes.size()], shape, kLimit));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Span bytes(reinterpret_cast<const std::byte*>(data), size);
  check(cleave::codec::decode_packet(bytes, kLimit));
  check(cleave::codec::decode_each(bytes, kLimit));
  static const auto bound_codec = cleave::codec::Codec::create("quant:bits=4|zstd");
  check(cleave::codec::decode_bound(*bound_codec, bytes, DType::kF32, {3, 5}, kLimit));
  decode_forged(bytes);
  decode_payload(bytes);
  return 0;
}
