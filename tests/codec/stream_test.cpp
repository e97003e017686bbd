#include "codec/stream.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/checksum.h"
#include "base/file.h"
#include "codec/samples.h"

namespace cleave::codec {
namespace {

const Shape kShape{1, 6, 12, 14};
constexpr std::array kVideos{"h264", "h265"};

Json calibration() { return {{"quant", {{"mean", 0.5}, {"deviation", 0.6}}}}; }

Codec codec_of(const std::string& video) {
  return *Codec::create("quant:range=sigma3|tile|" + video, calibration());
}

/// Features of a scene that moves a little from frame to frame.
Tensor frame(int t) {
  Tensor tensor(DType::kF32, kShape);
  for (std::int64_t i = 0; i < tensor.elements(); ++i) {
    const double x = static_cast<double>(i % 14), y = static_cast<double>(i / 14 % 12);
    const double channel = static_cast<double>(i / 168);
    tensor.as<float>()[i] =
        static_cast<float>(std::sin(0.5 * x + 0.1 * t + channel) + std::cos(0.4 * y));
  }
  return tensor;
}

std::vector<Bytes> packets_of(const Codec& codec, int count) {
  StreamEncoder encoder = *StreamEncoder::create(codec, DType::kF32, kShape);
  std::vector<Bytes> packets;
  for (int t = 0; t < count; ++t) packets.push_back(*encoder.encode(frame(t)));
  return packets;
}

StreamDecoder decoder_of(const Codec& codec) {
  return *StreamDecoder::create(codec, DType::kF32, kShape);
}

TEST(Stream, OnePacketForEachTensorAndTheSameBitsAlways) {
  for (const std::string video : kVideos) {
    const Codec codec = codec_of(video + ":qp=12,gop=4");
    const std::vector<Bytes> packets = packets_of(codec, 9);
    EXPECT_EQ(packets_of(codec, 9), packets);
    StreamDecoder one = decoder_of(codec);
    StreamDecoder other = decoder_of(codec);
    for (int t = 0; t < 9; ++t) {
      SCOPED_TRACE(video + " " + std::to_string(t));
      const auto info = peek_stream(packets[t]);
      ASSERT_TRUE(info);
      EXPECT_EQ(info->number, static_cast<std::uint32_t>(t));
      EXPECT_EQ(info->key, t % 4 == 0);
      EXPECT_EQ(info->codec_id, codec.id());
      const auto tensor = one.decode(packets[t]);
      ASSERT_TRUE(tensor) << tensor.error().to_string();
      EXPECT_TRUE(same(*tensor, *other.decode(packets[t])));
      const Tensor expected = frame(t);
      double worst = 0;
      for (std::int64_t i = 0; i < expected.elements(); ++i)
        worst = std::max(worst, std::abs(double{tensor->as<float>()[i]} -
                                         std::clamp(double{expected.as<float>()[i]}, -1.3, 2.3)));
      EXPECT_LT(worst, 0.35);
    }
  }
}

TEST(Stream, ChangesAreSmallerThanPictures) {
  for (const std::string video : kVideos) {
    const std::vector<Bytes> moving = packets_of(codec_of(video + ":qp=24"), 3);
    EXPECT_LT(2 * moving[1].size(), moving[0].size()) << video;
  }
}

TEST(Stream, AKeyFrameIsThePictureAlone) {
  for (const std::string video : kVideos) {
    const Codec codec = codec_of(video + ":qp=20,gop=1");
    StreamDecoder decoder = decoder_of(codec);
    for (const Bytes& packet : packets_of(codec, 2)) EXPECT_TRUE(peek_stream(packet)->key);
    const Tensor alone = *codec.decode(*codec.encode(frame(0)), DType::kF32, kShape);
    EXPECT_TRUE(same(*decoder.decode(packets_of(codec, 1)[0]), alone)) << video;
  }
}

TEST(Stream, ALostPacketIsNoticedAndAKeyFrameHelps) {
  for (const std::string video : kVideos) {
    SCOPED_TRACE(video);
    const Codec codec = codec_of(video + ":qp=20,gop=100");
    StreamEncoder encoder = *StreamEncoder::create(codec, DType::kF32, kShape);
    StreamDecoder decoder = decoder_of(codec);
    StreamDecoder late = decoder_of(codec);
    ASSERT_TRUE(decoder.decode(*encoder.encode(frame(0))));
    const Bytes lost = *encoder.encode(frame(1));
    const auto refused = decoder.decode(*encoder.encode(frame(2)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kOutOfSync);
    EXPECT_EQ(refused.error().message, "packet 2, expected 1 or a key frame");
    EXPECT_EQ(late.decode(*encoder.encode(frame(3))).error().message,
              "packet 3, expected a key frame");
    encoder.request_key_frame();
    for (int t = 4; t < 7; ++t) {
      const Bytes packet = *encoder.encode(frame(t));
      EXPECT_EQ(peek_stream(packet)->key, t == 4);
      const auto tensor = decoder.decode(packet);
      ASSERT_TRUE(tensor) << tensor.error().to_string();
      EXPECT_TRUE(same(*tensor, *late.decode(packet)));
    }
    // What comes too late changes nothing.
    EXPECT_EQ(decoder.decode(lost).error().code, ErrorCode::kOutOfSync);
    EXPECT_TRUE(decoder.decode(*encoder.encode(frame(7))));
  }
}

TEST(Stream, ATensorThatIsRefusedLeavesNoGap) {
  const Codec codec = codec_of("h264:gop=100");
  StreamEncoder encoder = *StreamEncoder::create(codec, DType::kF32, kShape);
  StreamDecoder decoder = decoder_of(codec);
  Tensor bad = frame(1);
  bad.as<float>()[3] = NAN;
  ASSERT_TRUE(decoder.decode(*encoder.encode(frame(0))));
  EXPECT_FALSE(encoder.encode(bad));
  EXPECT_FALSE(encoder.encode(sample(DType::kF32, {3, 4})));
  EXPECT_TRUE(decoder.decode(*encoder.encode(frame(2))));
}

TEST(Stream, RefusesWhatIsNoVideo) {
  const auto error = [](std::string_view spec, DType dtype, const Shape& shape) {
    const auto encoder = StreamEncoder::create(*Codec::create(spec), dtype, shape);
    return encoder ? ErrorCode::kInternal : encoder.error().code;
  };
  EXPECT_EQ(error("tile|png", DType::kF32, kShape), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error("quant|zstd", DType::kF32, kShape), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error("tile|h264", DType::kI32, kShape), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error("tile|h264", DType::kF32, {0, 4}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error("tile|h264", DType::kF32, {-1, 4}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(StreamDecoder::create(codec_of("h264"), DType::kF32, kShape, 100).error().code,
            ErrorCode::kResourceExhausted);
}

TEST(Stream, EveryDamageIsRefused) {
  for (const std::string video : kVideos) {
    const Codec codec = codec_of(video);
    const std::vector<Bytes> packets = packets_of(codec, 2);
    StreamDecoder decoder = decoder_of(codec);
    for (const Bytes& packet : packets) {
      for (std::size_t size = 0; size < packet.size(); ++size)
        ASSERT_FALSE(decoder.decode(std::span(packet).first(size))) << video << size;
      Bytes changed = packet;
      for (std::byte& b : changed) {
        const std::byte before = std::exchange(b, b ^ std::byte{0x24});
        ASSERT_FALSE(decoder.decode(changed)) << video << &b - changed.data();
        b = before;
      }
      changed.push_back(std::byte{0});
      ASSERT_FALSE(decoder.decode(changed)) << video;
      // None of that touched the pictures.
      ASSERT_TRUE(decoder.decode(packet)) << video;
    }
  }
}

/// The same behind a checksum that was made to fit, in either frame of a stream: anything but a
/// crash, and a key frame puts it right.
TEST(Stream, DamageWithAFittingChecksumDoesNoHarm) {
  for (const std::string video : kVideos) {
    const Codec codec = codec_of(video);
    const std::vector<Bytes> packets = packets_of(codec, 2);
    StreamDecoder decoder = decoder_of(codec);
    const Tensor good = *decoder.decode(packets[0]);
    for (const Bytes& packet : packets) {
      for (std::size_t at = 0; at < packet.size(); ++at) {
        for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
          Bytes forged = packet;
          forged[at] ^= static_cast<std::byte>(flip);
          const std::span<const std::byte> bytes(forged);
          store_le(forged, 14, crc32c(bytes.subspan(18), crc32c(bytes.first(14))));
          const auto tensor = decoder.decode(forged);
          ASSERT_TRUE(!tensor || tensor->shape() == kShape);
          const auto again = decoder.decode(packets[0]);
          ASSERT_TRUE(again && same(*again, good)) << video << at << " " << flip;
        }
      }
    }
  }
}

/// Streams written by every version stay decodable, to the same bits. CLEAVE_WRITE_GOLDEN=1 writes
/// the files where they are missing.
TEST(Stream, GoldenStreamsDecodeToTheSameBits) {
  for (const std::string video : kVideos) {
    const std::string base = CLEAVE_SOURCE_DIR "/tests/codec/golden/v1/stream-" + video;
    const Codec codec = codec_of(video + ":qp=24,gop=2");
    if (std::getenv("CLEAVE_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(base + ".pkts")) {
      Bytes packets, tensors;
      StreamDecoder decoder = decoder_of(codec);
      for (const Bytes& packet : packets_of(codec, 4)) {
        append_le(packets, static_cast<std::uint32_t>(packet.size()));
        packets.insert(packets.end(), packet.begin(), packet.end());
        const Tensor tensor = *decoder.decode(packet);
        tensors.insert(tensors.end(), tensor.bytes().begin(), tensor.bytes().end());
      }
      ASSERT_TRUE(write_file(base + ".pkts", as_text(packets)));
      ASSERT_TRUE(write_file(base + ".bin", as_text(tensors)));
    }
    const std::string packets = *read_file(base + ".pkts");
    std::string tensors;
    StreamDecoder decoder = decoder_of(codec);
    for (auto rest = as_bytes(packets); !rest.empty();) {
      const auto size = load_le<std::uint32_t>(rest, 0);
      const auto tensor = decoder.decode(rest.subspan(4, size));
      ASSERT_TRUE(tensor) << tensor.error().to_string();
      tensors += as_text(tensor->bytes());
      rest = rest.subspan(4 + size);
    }
    EXPECT_TRUE(tensors == *read_file(base + ".bin")) << video;
  }
}

}  // namespace
}  // namespace cleave::codec
