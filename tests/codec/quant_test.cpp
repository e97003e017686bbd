#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cfloat>
#include <cmath>
#include <limits>

#include "codec/codec.h"
#include "codec/grid.h"
#include "codec/samples.h"

namespace cleave::codec {
namespace {

constexpr std::array kBits{1, 2, 3, 4, 5, 6, 7, 8, 16};

std::string quant(int bits, std::string_view range = "minmax") {
  return "quant:bits=" + std::to_string(bits) + ",range=" + std::string(range);
}

/// Codes and decodes without calibration; also gives the scale that travelled.
std::vector<float> through(const std::string& spec, const std::vector<float>& values,
                           float& scale) {
  const auto codec = Codec::create(spec);
  const auto payload = codec->encode(floats(values));
  EXPECT_TRUE(payload) << payload.error().to_string();
  scale = std::bit_cast<float>(load_le<std::uint32_t>(*payload, 4));
  const auto decoded =
      codec->decode(*payload, DType::kF32, {static_cast<std::int64_t>(values.size())});
  EXPECT_TRUE(decoded) << decoded.error().to_string();
  return {decoded->as<float>().begin(), decoded->as<float>().end()};
}

/// Half a step, and half the spacing of floats where the answer lies; a whole step where one bit
/// cannot do better (grid.h).
void expect_within_half_a_step(int bits, const std::vector<float>& values) {
  float scale = 0;
  const std::vector<float> decoded = through(quant(bits), values, scale);
  const auto [low, high] = std::ranges::minmax(values);
  const double span = static_cast<double>(high) - low;
  const double top = (1 << bits) - 1;
  const double largest = std::max(std::abs(low), std::abs(high));
  ASSERT_LE(scale, std::max(span / top, largest * 0x1p-23) * (1 + 0x1p-22) + FLT_TRUE_MIN);
  const double steps = span / top > FLT_MAX ? 1.0 : 0.5;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double bound = steps * scale * (1 + 1e-9) +
                         std::abs(static_cast<double>(decoded[i])) * 0x1p-24 + FLT_TRUE_MIN;
    ASSERT_LE(std::abs(static_cast<double>(decoded[i]) - values[i]), bound)
        << values[i] << " became " << decoded[i] << " in " << bits << " bits, range " << low
        << " to " << high;
  }
}

TEST(Quant, IsWithinHalfAStepAtTheEdges) {
  const std::vector<std::vector<float>> hard{
      {-FLT_MAX, FLT_MAX, 0, 1},
      {-0.6f * FLT_MAX, 0.9f * FLT_MAX, 0},
      {0, FLT_TRUE_MIN},
      {FLT_TRUE_MIN, 3 * FLT_TRUE_MIN, 100 * FLT_TRUE_MIN},
      {-FLT_MIN, FLT_MIN, FLT_MIN / 3},
      {16777215, 16777216},
      {1e6f, 1e6f + 0.0625f, 1e6f + 0.125f},
      {-1e30f, 1e-30f},
      {FLT_MAX, std::nextafter(FLT_MAX, 0.0f)},
      {0.5f, 254.5f, 255.5f, 127.5f},
      {1e-3f, 1e3f, 0.1f, 77},
  };
  for (int bits : kBits) {
    for (const auto& values : hard) expect_within_half_a_step(bits, values);
  }
}

RC_GTEST_PROP(Quant, IsWithinHalfAStepAnywhere, ()) {
  const int bits = *rc::gen::elementOf(std::vector<int>(kBits.begin(), kBits.end()));
  auto pick = rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), [](std::uint32_t b) {
    const float value = std::bit_cast<float>(b);
    return std::isfinite(value) ? value : 0.0f;
  });
  auto near = rc::gen::map(rc::gen::inRange(-1000000, 1000000),
                           [](int v) { return static_cast<float>(v) * 1e-4f; });
  const auto values = *rc::gen::oneOf(rc::gen::container<std::vector<float>>(pick),
                                      rc::gen::container<std::vector<float>>(near));
  RC_PRE(!values.empty());
  expect_within_half_a_step(bits, values);
}

TEST(Quant, KeepsConstantsAndZerosExactly) {
  float scale = 0;
  for (int bits : kBits) {
    for (float value : {0.0f, 1.0f, -0.1f, 1e-40f, FLT_TRUE_MIN, FLT_MAX, -FLT_MAX, 16777217.0f}) {
      const std::vector<float> constant(11, value);
      EXPECT_EQ(through(quant(bits), constant, scale), constant)
          << value << " in " << bits << " bits";
      EXPECT_EQ(through(quant(bits, "sigma3"), constant, scale), constant) << value;
    }
    const std::vector<float> decoded = through(quant(bits), {-0.3f, 0.0f, 1.7f, -0.0f}, scale);
    EXPECT_EQ(decoded[1], 0.0f);
    EXPECT_EQ(decoded[3], 0.0f);
  }
}

TEST(Quant, RefusesWhatIsNotFinite) {
  std::vector<float> values(5000, 1.0f);
  const auto codec = Codec::create("quant");
  const auto error = [&](std::size_t at, float value) {
    std::vector<float> bad = values;
    bad[at] = value;
    return codec->encode(floats(bad)).error().to_string();
  };
  EXPECT_EQ(error(17, NAN), "[codec.quant] value at 17 is nan, expected finite");
  EXPECT_EQ(error(17, -NAN), "[codec.quant] value at 17 is nan, expected finite");
  EXPECT_EQ(error(4999, INFINITY), "[codec.quant] value at 4999 is inf, expected finite");
  EXPECT_EQ(error(0, -INFINITY), "[codec.quant] value at 0 is -inf, expected finite");
  const std::vector<double> large{1, 1e300};
  EXPECT_EQ(codec->encode(Tensor::from_values<double>({2}, large)).error().to_string(),
            "[codec.quant] value at 1 is 1e+300, expected finite and within f32");
}

TEST(Quant, SaturatesNarrowFloatsInsteadOfOverflowing) {
  // 65504 lies between two steps, the upper one beyond the range of f16.
  const std::vector<std::uint16_t> halves{0x7bff, 0xfbff, 0x0000};
  const Tensor tensor = *Tensor::from_bytes(DType::kF16, {3}, std::as_bytes(std::span(halves)));
  for (int bits : kBits) {
    const auto codec = Codec::create(quant(bits));
    const auto decoded = codec->decode(*codec->encode(tensor), DType::kF16, {3});
    for (std::uint16_t half : decoded->as<std::uint16_t>()) EXPECT_LT(half & 0x7fff, 0x7c00);
  }
}

TEST(Quant, CalibratesOverAllSamples) {
  const std::vector<Tensor> samples{floats({1, 2}), floats({}), floats({3, 4, 5})};
  const auto calibration = Codec::calibrate("quant:range=sigma3|zstd", samples);
  ASSERT_TRUE(calibration) << calibration.error().to_string();
  EXPECT_DOUBLE_EQ((*calibration)["quant"]["mean"], 3.0);
  EXPECT_DOUBLE_EQ((*calibration)["quant"]["deviation"], std::sqrt(2.0));
  EXPECT_EQ(*Codec::calibrate("quant|zstd", samples), Json::object());
  EXPECT_EQ(*Codec::calibrate("raw", {}), Json::object());
  const std::vector<Tensor> integers{sample(DType::kI64, {4})};
  EXPECT_EQ(*Codec::calibrate("quant:range=sigma3", integers), Json::object());
}

TEST(Quant, CalibratedRangeIsFixedAndTravelsNowhere) {
  const Json calibration{{"quant", {{"mean", 0.0}, {"deviation", 1.0}}}};
  const auto codec = Codec::create("quant:range=sigma3", calibration);
  const Tensor tensor = floats({-100, -3, 0, 1, 3, 100});
  const Bytes payload = *codec->encode(tensor);
  EXPECT_EQ(payload.size(), 6u);
  const auto decoded = codec->decode(payload, DType::kF32, {6});
  const std::vector<float> expected{-3, -3, 0, 1, 3, 3};
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(decoded->as<float>()[i], expected[i], 6.0 / 255);
}

TEST(Quant, RefusesCalibrationsThatAreNotIts) {
  const auto error = [](std::string_view spec, const Json& calibration) {
    const auto codec = Codec::create(spec, calibration);
    return codec ? "no error" : codec.error().to_string();
  };
  const Json good{{"quant", {{"mean", 0.0}, {"deviation", 1.0}}}};
  EXPECT_EQ(error("raw", good), "[codec] calibration for 'quant', which 'raw' does not take");
  EXPECT_EQ(error("quant", good), "[codec.quant] range=minmax has a calibration, expected none");
  EXPECT_EQ(error("quant:range=sigma3", Json::array()),
            "[codec] calibration is array, expected an object");
  EXPECT_EQ(error("quant:range=sigma3", {{"quant", {{"mean", 0.0}}}}),
            "[codec.quant] member 'deviation' is missing");
  EXPECT_FALSE(
      Codec::create("quant:range=sigma3", {{"quant", {{"mean", 0.0}, {"deviation", -1.0}}}}));
  EXPECT_FALSE(Codec::calibrate("quant:range=sigma3", {}));
  const std::vector<Tensor> bad{floats({1, NAN})};
  EXPECT_FALSE(Codec::calibrate("quant:range=sigma3", bad));
}

TEST(Quant, RefusesGridsThatAreNone) {
  const auto codec = Codec::create("quant");
  const auto decode = [&](std::int32_t zero, float scale) {
    Bytes payload;
    append_le(payload, static_cast<std::uint32_t>(zero));
    append_le(payload, std::bit_cast<std::uint32_t>(scale));
    payload.push_back(std::byte{7});
    return codec->decode(payload, DType::kF32, {1});
  };
  EXPECT_TRUE(decode(-1 << 24, 1));
  for (float scale : {0.0f, -1.0f, INFINITY, NAN}) EXPECT_FALSE(decode(0, scale)) << scale;
  for (std::int32_t zero : {(1 << 24) + 1, -(1 << 24) - 1, INT32_MIN, INT32_MAX})
    EXPECT_FALSE(decode(zero, 1)) << zero;
  // The largest answers saturate.
  EXPECT_EQ(decode(1 << 24, FLT_MAX)->as<float>()[0], FLT_MAX);
}

}  // namespace
}  // namespace cleave::codec
