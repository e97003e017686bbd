#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/tensor.h"
#include "codec/codec.h"

/// Several self-describing packets in one file, each behind its length (u32, lowest byte first).
/// Thread-safe.
namespace cleave::codec {

struct PacketList {
  Bytes bytes;
  std::size_t packets = 0;
  /// Bytes of the packets alone, without the lengths between them.
  std::size_t packet_bytes = 0;
};

/// Every slice along the first axis as a packet of its own, of shape {d1, d2, …}.
/// Errors: kInvalidArgument for a scalar or a first axis of 0, those of encode_packet(),
/// kUnsupported for a packet of 4 GiB or more.
Result<PacketList> encode_each(const Codec& codec, const Tensor& tensor);

/// Reads a whole list, whose packets must agree in type and shape, and stacks them along a new
/// first axis. Errors: those of decode_packet() with the packet's number; kResourceExhausted when
/// the stack has more than `max_tensor_bytes`.
Result<Tensor> decode_each(std::span<const std::byte> list,
                           std::size_t max_tensor_bytes = kMaxTensorBytes);

}  // namespace cleave::codec
