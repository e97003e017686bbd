#include "codec/packet.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "codec/packet_list.h"
#include "codec/samples.h"

namespace cleave::codec {
namespace {

TEST(Packet, EverySpecTravelsInBothHeaders) {
  for (const char* spec : kEverySpec) {
    const auto codec = Codec::create(spec);
    for (const Shape& shape : every_shape()) {
      SCOPED_TRACE(std::string(spec) + " " + shape_text(shape));
      const Tensor tensor = sample(DType::kF32, shape);
      const Tensor expected = *codec->decode(*codec->encode(tensor), DType::kF32, shape);
      const auto packet = encode_packet(*codec, tensor);
      ASSERT_TRUE(packet) << packet.error().to_string();
      const auto from_file = decode_packet(*packet);
      ASSERT_TRUE(from_file) << from_file.error().to_string();
      EXPECT_TRUE(same(*from_file, expected));
      const auto bound = encode_bound(*codec, tensor);
      const auto from_wire = decode_bound(*codec, *bound, DType::kF32, shape);
      ASSERT_TRUE(from_wire) << from_wire.error().to_string();
      EXPECT_TRUE(same(*from_wire, expected));
    }
  }
}

TEST(Packet, PeekTellsWhatIsInside) {
  const Json calibration{{"quant", {{"mean", 0.25}, {"deviation", 1.5}}}};
  const auto codec = Codec::create("quant:range=sigma3|zstd", calibration);
  const Tensor tensor = sample(DType::kF16, {3, 4});
  const Bytes packet = *encode_packet(*codec, tensor);
  const auto info = peek_packet(packet);
  ASSERT_TRUE(info) << info.error().to_string();
  EXPECT_EQ(info->version, kPacketVersion);
  EXPECT_EQ(info->spec, codec->spec());
  EXPECT_EQ(info->calibration, calibration);
  EXPECT_EQ(info->dtype, DType::kF16);
  EXPECT_EQ(info->shape, (Shape{3, 4}));
  EXPECT_EQ(info->header_bytes + info->payload_bytes, packet.size());

  const Bytes bound = *encode_bound(*codec, tensor);
  const auto bound_info = peek_bound(bound);
  ASSERT_TRUE(bound_info);
  EXPECT_EQ(bound_info->codec_id, codec->id());
  EXPECT_EQ(kBoundHeaderBytes + bound_info->payload_bytes, bound.size());
  EXPECT_LE(kBoundHeaderBytes, 16u);
}

/// Calls `check(bytes, what)` with every truncation, extension and changed byte of a packet.
template <class Check>
void for_each_damage(const Bytes& packet, Check check) {
  for (std::size_t size = 0; size < packet.size(); ++size) {
    check(std::span(packet).first(size), "cut to " + std::to_string(size));
  }
  for (std::size_t extra : {1, 4, 100}) {
    Bytes longer = packet;
    longer.resize(packet.size() + extra);
    check(longer, std::to_string(extra) + " more");
  }
  Bytes changed = packet;
  for (std::size_t at = 0; at < packet.size(); ++at) {
    for (int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff, 0x55}) {
      changed[at] ^= static_cast<std::byte>(flip);
      check(changed, "byte " + std::to_string(at) + " changed by " + std::to_string(flip));
      changed[at] = packet[at];
    }
  }
}

TEST(Packet, EveryDamageIsRefused) {
  for (const char* spec : kEverySpec) {
    const auto codec = Codec::create(spec);
    const Tensor tensor = sample(DType::kF32, {2, 3, 4});
    for_each_damage(*encode_packet(*codec, tensor),
                    [&](std::span<const std::byte> bytes, const std::string& what) {
                      const auto decoded = decode_packet(bytes);
                      ASSERT_FALSE(decoded) << spec << ", " << what;
                      ASSERT_FALSE(decoded.error().message.empty());
                    });
    for_each_damage(*encode_bound(*codec, tensor),
                    [&](std::span<const std::byte> bytes, const std::string& what) {
                      ASSERT_FALSE(decode_bound(*codec, bytes, DType::kF32, tensor.shape()))
                          << spec << ", " << what;
                    });
  }
}

/// The same damage behind a checksum that was made to fit, as an attacker would: anything but a
/// crash.
TEST(Packet, DamageWithAFittingChecksumDoesNoHarm) {
  for (const char* spec : kEverySpec) {
    const auto codec = Codec::create(spec);
    for_each_damage(
        *encode_packet(*codec, sample(DType::kF32, {2, 3, 4})),
        [&](std::span<const std::byte> bytes, const std::string& what) {
          if (bytes.size() < 24) return;
          Bytes forged(bytes.begin(), bytes.end());
          const auto rest = std::span<const std::byte>(forged).subspan(24);
          store_le(forged, 20, crc32c(rest, crc32c(std::span<const std::byte>(forged).first(20))));
          const auto decoded = decode_packet(forged, 1 << 20);
          ASSERT_TRUE(!decoded || decoded->byte_size() <= 1u << 20) << spec << ", " << what;
        });
  }
}

TEST(Packet, ErrorsTellTheKindsOfDamageApart) {
  const auto codec = Codec::create("raw");
  const Tensor tensor = sample(DType::kF32, {4});
  const Bytes packet = *encode_packet(*codec, tensor);
  const auto code = [&](std::size_t at, int flip) {
    Bytes changed = packet;
    changed[at] ^= static_cast<std::byte>(flip);
    return decode_packet(changed).error().code;
  };
  EXPECT_EQ(code(0, 1), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code(4, 2), ErrorCode::kUnsupported);
  EXPECT_EQ(code(packet.size() - 1, 1), ErrorCode::kCorrupt);
  EXPECT_EQ(decode_packet({}).error().code, ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(decode_packet(std::span(packet).first(packet.size() - 1)).error().to_string(),
            "[codec.packet] payload has 15 bytes, header promises 16");
  EXPECT_EQ(decode_packet(packet, 15).error().code, ErrorCode::kResourceExhausted);

  const Bytes bound = *encode_bound(*codec, tensor);
  const auto other = Codec::create("zstd");
  EXPECT_EQ(decode_bound(*other, bound, DType::kF32, {4}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(decode_bound(*codec, bound, DType::kF32, {5}).error().code, ErrorCode::kNeedMoreBytes);
}

TEST(PacketList, SlicesReturnInOrder) {
  const auto codec = Codec::create("quant:bits=4|zstd");
  const Tensor tensor = sample(DType::kF32, {5, 3, 7});
  const auto list = encode_each(*codec, tensor);
  ASSERT_TRUE(list) << list.error().to_string();
  EXPECT_EQ(list->packets, 5u);
  EXPECT_EQ(list->bytes.size(), list->packet_bytes + 5 * 4);
  const auto stacked = decode_each(list->bytes);
  ASSERT_TRUE(stacked) << stacked.error().to_string();
  ASSERT_EQ(stacked->shape(), tensor.shape());
  for (std::size_t i = 0; i < 5; ++i) {
    const auto slice = *Tensor::from_bytes(DType::kF32, {3, 7}, tensor.bytes().subspan(i * 84, 84));
    const auto alone = decode_packet(*encode_packet(*codec, slice));
    EXPECT_TRUE(std::ranges::equal(alone->bytes(), stacked->bytes().subspan(i * 84, 84)));
  }
}

TEST(PacketList, RefusesWhatIsNoList) {
  const auto codec = Codec::create("raw");
  EXPECT_FALSE(encode_each(*codec, sample(DType::kF32, {})));
  EXPECT_FALSE(encode_each(*codec, sample(DType::kF32, {0, 4})));
  EXPECT_TRUE(encode_each(*codec, sample(DType::kF32, {4, 0})));
  EXPECT_FALSE(decode_each({}));
  Bytes list = encode_each(*codec, sample(DType::kF32, {2, 3}))->bytes;
  // A cut between two packets leaves a shorter list, which nothing in it could tell.
  for (std::size_t size = 1; size < list.size(); ++size) {
    if (size == list.size() / 2) continue;
    EXPECT_FALSE(decode_each(std::span(list).first(size))) << size;
  }
  EXPECT_EQ(decode_each(list, 23).error().code, ErrorCode::kResourceExhausted);
  const Bytes other = encode_each(*codec, sample(DType::kF32, {1, 4}))->bytes;
  list.insert(list.end(), other.begin(), other.end());
  EXPECT_EQ(decode_each(list).error().to_string(),
            "[codec.list] packet 2 holds f32 of shape 4, unlike the first");
}

}  // namespace
}  // namespace cleave::codec
