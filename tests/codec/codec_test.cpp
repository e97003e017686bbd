#include "codec/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>

#include "codec/samples.h"
#include "codec/stage.h"

namespace cleave::codec {
namespace {

std::string error_of(std::string_view spec, const Json& calibration = {}) {
  const auto codec = Codec::create(spec, calibration);
  return codec ? "no error" : codec.error().to_string();
}

TEST(Codec, SpellsSpecsOut) {
  EXPECT_EQ(Codec::create("raw")->spec(), "raw");
  EXPECT_EQ(Codec::create("quant")->spec(), "quant:bits=8,range=minmax");
  EXPECT_EQ(Codec::create("quant:range=sigma3,bits=04|zstd")->spec(),
            "quant:bits=4,range=sigma3|zstd:level=3");
  EXPECT_EQ(Codec::create("tile|jpeg")->spec(), "quant:bits=8,range=minmax|tile|jpeg:q=85");
  // What tile did not know at first is not spelled out at its default: old packets name no more.
  EXPECT_EQ(Codec::create("tile:pad=none,layout=square,order=natural|png")->spec(),
            "quant:bits=8,range=minmax|tile|png");
  EXPECT_EQ(Codec::create("tile:pad=016,order=similar|png")->spec(),
            "quant:bits=8,range=minmax|tile:order=similar,pad=16|png");
  for (const char* spec : kEverySpec) {
    const auto codec = Codec::create(spec);
    ASSERT_TRUE(codec) << codec.error().to_string();
    EXPECT_EQ(Codec::create(codec->spec())->spec(), codec->spec());
    EXPECT_EQ(Codec::create(codec->spec())->id(), codec->id());
  }
}

TEST(Codec, RefusesSpecsAndSaysWhatIsKnown) {
  EXPECT_EQ(error_of("qant"),
            "[codec.spec] unknown stage 'qant', expected one of raw, f16, quant, zstd, tile, png, "
            "jpeg, webp, h264, h265, cleave");
  EXPECT_EQ(error_of("quant:bit=4"),
            "[codec.spec] unknown key of quant 'bit', expected one of bits, range");
  EXPECT_EQ(error_of("quant:bits=9"), "[codec.spec] quant: bits is '9', expected 1..8|16");
  EXPECT_EQ(error_of("quant:range=full"),
            "[codec.spec] quant: range is 'full', expected minmax|sigma3");
  EXPECT_EQ(error_of("zstd:level=20"), "[codec.spec] zstd: level is '20', expected 1..19");
  EXPECT_EQ(error_of("tile|jpeg:q=0"), "[codec.spec] jpeg: q is '0', expected 1..100");
  EXPECT_EQ(error_of("raw:level=1"), "[codec.spec] raw has no settings, found 'level'");
  for (const char* spec : {"", "|", "raw|", "quant:", "quant:bits", "RAW"})
    EXPECT_FALSE(Codec::create(spec)) << spec;
}

TEST(Codec, RefusesStagesInSenselessOrder) {
  EXPECT_EQ(error_of("jpeg"),
            "[codec.spec] jpeg follows f32 values, expected a picture (tile makes one)");
  EXPECT_EQ(error_of("zstd|quant"),
            "[codec.spec] quant follows compressed bytes, expected to be the first stage");
  EXPECT_EQ(
      error_of("quant:bits=4|tile|png"),
      "[codec.spec] tile follows packed bytes, expected 8-bit features (quant:bits=8 makes them)");
  EXPECT_EQ(
      error_of("tile"),
      "[codec.spec] 'quant:bits=8,range=minmax|tile' ends in a picture, expected a stage that "
      "codes it, such as png");
  for (const char* spec :
       {"quant|quant", "f16|quant", "raw|f16", "raw|raw", "zstd|zstd", "tile|png|zstd", "tile|zstd",
        "raw|tile|png", "quant:bits=16|tile|png", "tile|tile|png", "quant|png", "tile|png|jpeg"}) {
    EXPECT_FALSE(Codec::create(spec)) << spec;
  }
}

TEST(Codec, KnowsWhatIsLossless) {
  for (const char* spec : {"raw", "raw|zstd", "zstd"})
    EXPECT_TRUE(Codec::create(spec)->lossless()) << spec;
  for (const char* spec : {"f16", "quant", "tile|png"})
    EXPECT_FALSE(Codec::create(spec)->lossless()) << spec;
}

TEST(Codec, IdTellsCodecsApart) {
  const Json calibration{{"quant", {{"mean", 0.5}, {"deviation", 1.0}}}};
  const auto plain = Codec::create("quant:range=sigma3");
  const auto calibrated = Codec::create("quant:range=sigma3", calibration);
  EXPECT_NE(plain->id(), calibrated->id());
  EXPECT_NE(plain->id(), Codec::create("quant")->id());
  EXPECT_EQ(calibrated->id(),
            Codec::create("quant:range=sigma3", *parse_json(calibration.dump(), "test"))->id());
}

/// Ids are in bundles and packets; these were there before tile had settings.
TEST(Codec, IdsStayWhatTheyWere) {
  EXPECT_EQ(Codec::create("tile|png")->id(), 0x8da4082cu);
  EXPECT_EQ(Codec::create("tile|jpeg:q=85")->id(), 0x7b0e4682u);
}

bool loses_pixels(const Codec& codec) {
  const std::string& spec = codec.spec();
  if (spec.ends_with("png") || spec.find("mode=lossless") != std::string::npos) return false;
  return spec.find("tile") != std::string::npos;
}

/// True where coding `dtype` must give back every bit.
bool exact(const Codec& codec, DType dtype) {
  if (codec.lossless()) return true;
  if (is_floating(dtype)) return codec.spec().starts_with("f16") && dtype_size(dtype) == 2;
  return dtype != DType::kU8 || !loses_pixels(codec);
}

TEST(Codec, EverySpecTakesEveryTensor) {
  for (const char* spec : kEverySpec) {
    const auto codec = Codec::create(spec);
    for (DType dtype : kEveryDType) {
      for (const Shape& shape : every_shape()) {
        SCOPED_TRACE(std::string(spec) + " " + std::string(dtype_name(dtype)) + " " +
                     shape_text(shape));
        const Tensor tensor = sample(dtype, shape);
        const auto payload = codec->encode(tensor);
        ASSERT_TRUE(payload) << payload.error().to_string();
        EXPECT_LE(payload->size(), *codec->max_payload_bytes(dtype, shape));
        const auto decoded = codec->decode(*payload, dtype, shape);
        ASSERT_TRUE(decoded) << decoded.error().to_string();
        ASSERT_EQ(decoded->dtype(), dtype);
        ASSERT_EQ(decoded->shape(), shape);
        EXPECT_TRUE(!exact(*codec, dtype) || same(*decoded, tensor));
      }
    }
  }
}

RC_GTEST_PROP(Codec, RandomTensorsSurvive, ()) {
  const std::string spec =
      *rc::gen::elementOf(std::vector<std::string>(kEverySpec.begin(), kEverySpec.end()));
  const auto shape =
      *rc::gen::container<Shape>(*rc::gen::inRange(0, 5), rc::gen::inRange<std::int64_t>(0, 9));
  const auto dtype =
      *rc::gen::elementOf(std::vector<DType>(kEveryDType.begin(), kEveryDType.end()));
  const Tensor tensor = sample(dtype, shape, *rc::gen::arbitrary<std::uint64_t>());
  const auto codec = Codec::create(spec);
  const auto payload = codec->encode(tensor);
  RC_ASSERT(payload.has_value());
  const auto decoded = codec->decode(*payload, dtype, shape);
  RC_ASSERT(decoded.has_value());
  if (exact(*codec, dtype)) RC_ASSERT(same(*decoded, tensor));
  // Where no pixel is lost, the tensor may be compared with the same codes unpacked.
  if (codec->spec().starts_with("quant:bits=8,range=minmax|tile") && !loses_pixels(*codec)) {
    const auto plain = Codec::create("quant");
    RC_ASSERT(same(*decoded, *plain->decode(*plain->encode(tensor), dtype, shape)));
  }
}

TEST(Codec, JpegOfSmoothFeaturesStaysNear) {
  const auto codec = Codec::create("tile|jpeg:q=95");
  Tensor smooth(DType::kF32, {16, 24, 24});
  for (std::int64_t i = 0; i < smooth.elements(); ++i) {
    smooth.as<float>()[i] =
        static_cast<float>(i % 24) * 0.5f + static_cast<float>(i / 24 % 24) * 0.25f;
  }
  const auto decoded = codec->decode(*codec->encode(smooth), DType::kF32, smooth.shape());
  ASSERT_TRUE(decoded);
  double error = 0;
  for (std::int64_t i = 0; i < smooth.elements(); ++i) {
    error += std::abs(decoded->as<float>()[i] - smooth.as<float>()[i]);
  }
  EXPECT_LT(error / static_cast<double>(smooth.elements()), 0.02 * 17.25);
}

TEST(Codec, RefusesPayloadsOfAnotherSize) {
  for (const std::string_view spec : kEverySpec) {
    // Its code has no redundancy: other bytes are another tensor's. The packet's checksum notices.
    if (spec.starts_with("cleave")) continue;
    const auto codec = Codec::create(spec);
    const Tensor tensor = sample(DType::kF32, {2, 5, 3});
    Bytes payload = *codec->encode(tensor);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      EXPECT_FALSE(codec->decode(std::span(payload).first(size), DType::kF32, tensor.shape()))
          << spec << size;
    }
    payload.push_back(std::byte{0});
    EXPECT_FALSE(codec->decode(payload, DType::kF32, tensor.shape())) << spec;
  }
  const auto error = Codec::create("raw")->decode({}, DType::kF32, {2}).error();
  EXPECT_EQ(error.to_string(), "[codec.decode] payload has 0 bytes, expected 8");
  EXPECT_EQ(error.code, ErrorCode::kNeedMoreBytes);
}

TEST(Codec, RefusesPicturesOfAnotherShape) {
  for (const char* spec : {"tile|png", "tile|jpeg", "tile|webp", "tile|webp:mode=lossless",
                           "tile|h264", "tile|h265"}) {
    const auto codec = Codec::create(spec);
    const Bytes payload = *codec->encode(sample(DType::kU8, {4, 8, 8}));
    const auto decoded = codec->decode(payload, DType::kU8, {4, 8, 9});
    ASSERT_FALSE(decoded);
    EXPECT_NE(decoded.error().message.find("a picture of 16x16"), std::string::npos)
        << decoded.error().message;
  }
}

TEST(Codec, RefusesShapesBeyondTheLimitOrUnknown) {
  const auto codec = Codec::create("zstd");
  const auto large = codec->decode({}, DType::kF64, {1 << 20, 1 << 20});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(codec->decode({}, DType::kF32, {2}, 7).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(codec->decode({}, DType::kF32, {-1, 2}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(codec->max_payload_bytes(DType::kF32, {-1}).error().code, ErrorCode::kInvalidArgument);
}

TEST(Codec, KeepsWhatWasThereAfterAnError) {
  Bytes out{std::byte{42}};
  EXPECT_FALSE(Codec::create("quant")->encode_to(floats({1, NAN}), out));
  EXPECT_EQ(out, Bytes{std::byte{42}});
}

TEST(Codec, ServesManyThreadsAtOnce) {
  for (const char* spec : kEverySpec) {
    const auto codec = Codec::create(spec);
    const Tensor tensor = sample(DType::kF32, {8, 12, 10});
    const Bytes expected = *codec->encode(tensor);
    std::vector<std::jthread> threads;
    std::array<bool, 4> good{};
    for (bool& g : good) {
      threads.emplace_back([&] {
        const auto payload = codec->encode(tensor);
        g = payload && *payload == expected && codec->decode(expected, DType::kF32, tensor.shape());
      });
    }
    threads.clear();
    EXPECT_EQ(good, (std::array{true, true, true, true})) << spec;
  }
}

TEST(Stages, CanBeMadeFromTheirDefaults) {
  for (const StageKind& kind : builtin_stages()) {
    const auto spec = canonical_stage(Spec{std::string(kind.name), {}});
    ASSERT_TRUE(spec) << spec.error().to_string();
    const auto stage = kind.make(*spec, Json());
    ASSERT_TRUE(stage) << stage.error().to_string();
    EXPECT_EQ((*stage)->name(), kind.name);
    EXPECT_GE(kind.version, 1);
  }
}

}  // namespace
}  // namespace cleave::codec
