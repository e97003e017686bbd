// The stream decoder on any bytes: packets one after the other, each behind its length. Headers are
// made to fit as well, which would keep a fuzzer outside.
#include "codec/stream.h"

#include <cstdlib>

#include "base/checksum.h"

namespace {

using cleave::Bytes;
using Span = std::span<const std::byte>;

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kIdAt = 2;
constexpr std::size_t kNumberAt = 6;
constexpr std::size_t kPayloadBytesAt = 10;
constexpr std::size_t kChecksumAt = 14;
const cleave::Shape kShape{1, 6, 12, 14};

void check(const cleave::Result<cleave::Tensor>& tensor) {
  if (tensor ? tensor->shape() != kShape : tensor.error().message.empty()) std::abort();
}

/// Leaves version, flags and payload as they are.
Bytes forged(Span bytes, std::uint32_t codec_id, std::uint32_t number) {
  Bytes packet(bytes.begin(), bytes.end());
  if (packet.size() < cleave::codec::kStreamHeaderBytes) return packet;
  const Span rest = Span(packet).subspan(cleave::codec::kStreamHeaderBytes);
  cleave::store_le(packet, kIdAt, codec_id);
  cleave::store_le(packet, kNumberAt, number);
  cleave::store_le(packet, kPayloadBytesAt, static_cast<std::uint32_t>(rest.size()));
  const std::uint32_t former = cleave::crc32c(Span(packet).first(kChecksumAt));
  cleave::store_le(packet, kChecksumAt, cleave::crc32c(rest, former));
  return packet;
}

void decode_all(const cleave::codec::Codec& codec, Span bytes) {
  auto plain = cleave::codec::StreamDecoder::create(codec, cleave::DType::kF32, kShape);
  auto deep = cleave::codec::StreamDecoder::create(codec, cleave::DType::kF32, kShape);
  for (std::uint32_t number = 0; bytes.size() >= kLengthBytes; ++number) {
    const std::size_t size = std::min<std::size_t>(cleave::load_le<std::uint16_t>(bytes, 0),
                                                   bytes.size() - kLengthBytes);
    const Span packet = bytes.subspan(kLengthBytes, size);
    check(plain->decode(packet));
    check(deep->decode(forged(packet, codec.id(), number)));
    bytes = bytes.subspan(kLengthBytes + size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cleave::Json calibration{{"quant", {{"mean", 0.5}, {"deviation", 0.6}}}};
  static const auto h264 =
      cleave::codec::Codec::create("quant:range=sigma3|tile|h264:qp=24,gop=2", calibration);
  static const auto h265 =
      cleave::codec::Codec::create("quant:range=sigma3|tile|h265:qp=24,gop=2", calibration);
  if (size == 0) return 0;
  const Span bytes(reinterpret_cast<const std::byte*>(data), size);
  decode_all(data[0] % 2 == 0 ? *h264 : *h265, bytes.subspan(1));
  return 0;
}
