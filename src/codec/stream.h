#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/tensor.h"
#include "codec/codec.h"

/// Streams: the tensors of one value, frame after frame, of which most are coded as what changed.
/// docs/formats/packet.md is the written format. The codec is one that ends in h264 or h265; it
/// should be calibrated, because a range or an order measured anew would change every pixel.
namespace cleave::codec {

/// Version of the header; decoders read every version up to it.
inline constexpr std::uint8_t kStreamVersion = 1;
inline constexpr std::size_t kStreamHeaderBytes = 18;

/// What a stream packet's header says, before its checksum is verified.
struct StreamInfo {
  std::uint8_t version = 0;
  bool key = false;
  std::uint32_t codec_id = 0;
  std::uint32_t number = 0;
  std::size_t payload_bytes = 0;
};

/// Reads only the header; `bytes` may go on. Errors: kNeedMoreBytes, kUnsupported.
Result<StreamInfo> peek_stream(std::span<const std::byte> bytes);

/// Makes the packets of one stream, one for each tensor and at once. Not thread-safe.
class StreamEncoder {
 public:
  /// For tensors of one type and shape. Errors: kInvalidArgument for a codec that does not end in a
  /// video stage, or whose stages pass over such tensors; kUnsupported for a picture too large.
  static Result<StreamEncoder> create(const Codec& codec, DType dtype, const Shape& shape);
  StreamEncoder(StreamEncoder&&) noexcept;
  StreamEncoder& operator=(StreamEncoder&&) noexcept;
  ~StreamEncoder();

  /// The next packet. A tensor that is refused leaves no gap. Errors: those of Codec::encode();
  /// kInvalidArgument for another type or shape.
  Result<Bytes> encode(const Tensor& tensor);

  /// Makes the next packet a key frame: for a decoder that lost one, or has just come.
  void request_key_frame();

 private:
  struct State;
  explicit StreamEncoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Reads the packets of one stream in their order; the same packets give the same bits. It holds
/// the last pictures, in up to eight times a picture's bytes. Not thread-safe.
class StreamDecoder {
 public:
  /// As StreamEncoder::create(); `max_tensor_bytes` and the error for it as in Codec::decode().
  static Result<StreamDecoder> create(const Codec& codec, DType dtype, const Shape& shape,
                                      std::size_t max_tensor_bytes = kMaxTensorBytes);
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;
  ~StreamDecoder();

  /// The tensor of the next packet, which may be hostile and must be exactly one. A key frame is
  /// always read. Another is kOutOfSync unless it is the one after the last that was decoded: a
  /// lost packet makes all that follow so, until a key frame comes, and so does one whose picture
  /// is corrupt. Other errors as decode_bound(); what fails before its picture is looked at may
  /// come again.
  Result<Tensor> decode(std::span<const std::byte> packet);

 private:
  struct State;
  explicit StreamDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cleave::codec
