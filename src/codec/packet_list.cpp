#include "codec/packet_list.h"

#include <cstring>
#include <limits>
#include <vector>

#include "codec/packet.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.list";
constexpr std::size_t kLengthBytes = 4;

std::unexpected<Error> at_packet(std::size_t index, Error error) {
  error.message = "packet " + std::to_string(index) + ": " + error.message;
  return std::unexpected(std::move(error));
}

/// The packets of a list, checked for their lengths alone.
Result<std::vector<std::span<const std::byte>>> split_list(std::span<const std::byte> list) {
  std::vector<std::span<const std::byte>> packets;
  while (!list.empty()) {
    const std::size_t size = list.size() < kLengthBytes ? 0 : load_le<std::uint32_t>(list, 0);
    if (list.size() < kLengthBytes || list.size() - kLengthBytes < size) {
      return fail(ErrorCode::kNeedMoreBytes, kPlace,
                  "packet " + std::to_string(packets.size()) + " ends after " +
                      std::to_string(list.size()) + " bytes, expected " +
                      std::to_string(kLengthBytes + size));
    }
    packets.push_back(list.subspan(kLengthBytes, size));
    list = list.subspan(kLengthBytes + size);
  }
  if (packets.empty())
    return fail(ErrorCode::kNeedMoreBytes, kPlace, "no packets, expected one or more");
  return packets;
}

}  // namespace

Result<PacketList> encode_each(const Codec& codec, const Tensor& tensor) {
  if (tensor.shape().empty() || tensor.shape().front() == 0) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "shape " + shape_text(tensor.shape()) + ", expected a first axis with slices");
  }
  PacketList list;
  list.packets = static_cast<std::size_t>(tensor.shape().front());
  const Shape slice_shape(tensor.shape().begin() + 1, tensor.shape().end());
  const std::size_t slice_bytes = tensor.byte_size() / list.packets;
  for (std::size_t i = 0; i < list.packets; ++i) {
    const auto slice = tensor.bytes().subspan(i * slice_bytes, slice_bytes);
    const Tensor part = CLEAVE_TRY(Tensor::from_bytes(tensor.dtype(), slice_shape, slice));
    const Result<Bytes> packet = encode_packet(codec, part);
    if (!packet) return at_packet(i, packet.error());
    if (packet->size() > std::numeric_limits<std::uint32_t>::max()) {
      return fail(
          ErrorCode::kUnsupported, kPlace,
          "a packet of " + std::to_string(packet->size()) + " bytes, expected less than 4 GiB");
    }
    append_le(list.bytes, static_cast<std::uint32_t>(packet->size()));
    list.bytes.insert(list.bytes.end(), packet->begin(), packet->end());
    list.packet_bytes += packet->size();
  }
  return list;
}

Result<Tensor> decode_each(std::span<const std::byte> list, std::size_t max_tensor_bytes) {
  const auto packets = CLEAVE_TRY(split_list(list));
  Tensor stack;
  std::size_t slice_bytes = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const Result<Tensor> slice = decode_packet(packets[i], max_tensor_bytes / packets.size());
    if (!slice) return at_packet(i, slice.error());
    Shape shape = slice->shape();
    shape.insert(shape.begin(), static_cast<std::int64_t>(packets.size()));
    if (i == 0) {
      slice_bytes = slice->byte_size();
      stack = Tensor(slice->dtype(), shape);
    }
    if (slice->dtype() != stack.dtype() || shape != stack.shape()) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "packet " + std::to_string(i) + " holds " +
                      std::string(dtype_name(slice->dtype())) + " of shape " +
                      shape_text(slice->shape()) + ", unlike the first");
    }
    if (slice_bytes > 0)
      std::memcpy(stack.bytes().data() + i * slice_bytes, slice->bytes().data(), slice_bytes);
  }
  return stack;
}

}  // namespace cleave::codec
