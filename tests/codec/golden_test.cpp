// Packets written by every version of the format stay decodable, to the same bits.
// CLEAVE_WRITE_GOLDEN=1 writes the files of the current version where they are missing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "codec/packet.h"
#include "codec/samples.h"

namespace cleave::codec {
namespace {

struct Golden {
  const char* name;
  const char* spec;
  DType dtype;
  /// False where a library writes the bytes, which its versions may do differently.
  bool same_bytes;
  bool calibrated = false;
};

constexpr std::array kGolden{
    Golden{"raw-f32", "raw", DType::kF32, true},
    Golden{"raw-i64", "quant:bits=8", DType::kI64, true},
    Golden{"f16-f32", "f16", DType::kF32, true},
    Golden{"quant1-f32", "quant:bits=1", DType::kF32, true},
    Golden{"quant3-f32", "quant:bits=3", DType::kF32, true},
    Golden{"quant4-bf16", "quant:bits=4", DType::kBf16, true},
    Golden{"quant8-f32", "quant:bits=8", DType::kF32, true},
    Golden{"quant8-f16", "quant:bits=8", DType::kF16, true},
    Golden{"quant16-f64", "quant:bits=16", DType::kF64, true},
    Golden{"sigma3-f32", "quant:bits=8,range=sigma3", DType::kF32, true},
    Golden{"sigma3-calibrated-f32", "quant:bits=6,range=sigma3", DType::kF32, true, true},
    Golden{"zstd-f32", "quant:bits=4|zstd:level=3", DType::kF32, false},
    Golden{"png-f32", "quant:bits=8|tile|png", DType::kF32, false},
    Golden{"png-u8", "tile|png", DType::kU8, false},
    Golden{"jpeg-f32", "quant:bits=8|tile|jpeg:q=85", DType::kF32, false},
    Golden{"tile-similar-f32", "tile:order=similar,layout=pow2,pad=8|png", DType::kF32, false},
    Golden{"webp-f32", "quant:bits=8|tile|webp:q=75", DType::kF32, false},
    Golden{"h264-f32", "tile|h264:qp=26", DType::kF32, false},
    Golden{"h265-f32", "tile|h265:qp=26", DType::kF32, false},
    Golden{"webp-lossless-u8", "tile|webp:mode=lossless", DType::kU8, false},
    // Encoders of cleave work in floats.
    Golden{"cleave-f32", "cleave", DType::kF32, false},
    Golden{"cleave-fine-f32", "cleave:step=0.01", DType::kF32, false},
    Golden{"cleave-bf16", "cleave:step=0.5", DType::kBf16, false},
    Golden{"cleave-layers-f32", "cleave:layers=3", DType::kF32, false},
    Golden{"cleave-calibrated-f32", "cleave", DType::kF32, false, true},
    Golden{"cleave-fast-f32", "cleave:profile=fast", DType::kF32, false},
    Golden{"cleave-fast-fine-f32", "cleave:profile=fast,step=0.01", DType::kF32, false},
    Golden{"cleave-fast-calibrated-f32", "cleave:profile=fast", DType::kF32, false, true},
};

/// Values made of whole numbers alone, so that no library's rounding decides about them.
Tensor golden_tensor(DType dtype) {
  Tensor tensor(dtype, {3, 5, 4});
  const std::size_t size = dtype_size(dtype);
  for (std::int64_t i = 0; i < tensor.elements(); ++i) {
    const std::int64_t step = i * 37 % 101 - 40;
    const float value = static_cast<float>(step) * 0.125f;
    auto bits = static_cast<std::uint64_t>(step + 40);
    if (dtype == DType::kF32) bits = std::bit_cast<std::uint32_t>(value);
    if (dtype == DType::kBf16) bits = std::bit_cast<std::uint32_t>(value) >> 16;
    if (dtype == DType::kF16) bits = 0x3000 + static_cast<std::uint64_t>(i) * 97;
    if (dtype == DType::kF64) bits = std::bit_cast<std::uint64_t>(static_cast<double>(value));
    std::memcpy(tensor.bytes().data() + static_cast<std::size_t>(i) * size, &bits, size);
  }
  return tensor;
}

/// Packets carry it: decoders get the one that was written.
Json golden_calibration(const Golden& golden, const Tensor& tensor) {
  if (!golden.calibrated) return {};
  if (!std::string_view(golden.spec).starts_with("cleave"))
    return {{"quant", {{"mean", 1.25}, {"deviation", 2.5}}}};
  return *Codec::calibrate(golden.spec, std::span(&tensor, 1));
}

class GoldenPackets : public testing::TestWithParam<Golden> {};

TEST_P(GoldenPackets, DecodeToTheSameBits) {
  const Golden& golden = GetParam();
  const std::filesystem::path base =
      std::filesystem::path(CLEAVE_SOURCE_DIR "/tests/codec/golden/v1") / golden.name;
  const std::string packet_path = base.string() + ".pkt";
  const std::string tensor_path = base.string() + ".bin";
  const Tensor tensor = golden_tensor(golden.dtype);
  const auto codec = Codec::create(golden.spec, golden_calibration(golden, tensor));
  ASSERT_TRUE(codec) << codec.error().to_string();
  const Bytes written = *encode_packet(*codec, tensor);
  if (std::getenv("CLEAVE_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(packet_path)) {
    std::filesystem::create_directories(base.parent_path());
    ASSERT_TRUE(write_file(packet_path, as_text(written)));
    ASSERT_TRUE(write_file(tensor_path, as_text(decode_packet(written)->bytes())));
  }
  const auto packet = read_file(packet_path);
  ASSERT_TRUE(packet) << packet.error().to_string();
  const auto decoded = decode_packet(as_bytes(*packet));
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ(decoded->dtype(), golden.dtype);
  EXPECT_EQ(decoded->shape(), (Shape{3, 5, 4}));
  EXPECT_TRUE(as_text(decoded->bytes()) == *read_file(tensor_path));
  if (golden.same_bytes) {
    EXPECT_TRUE(as_text(written) == *packet);
  }
}

INSTANTIATE_TEST_SUITE_P(V1, GoldenPackets, testing::ValuesIn(kGolden), [](const auto& golden) {
  std::string name = golden.param.name;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace cleave::codec
