#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "codec/codec.h"
#include "codec/feature_design.h"
#include "codec/feature_transform.h"
#include "codec/packet.h"
#include "samples.h"

namespace cleave::codec {
namespace {

/// Smooth features behind a rectifier: few hidden planes mixed into many channels.
Tensor features(std::int64_t channels, std::int64_t side, std::uint64_t seed) {
  constexpr int kHidden = 3;
  Random mixing(99);
  std::vector<double> weights(static_cast<std::size_t>(channels) * kHidden);
  for (double& w : weights) w = mixing.normal();
  Random random(seed);
  std::vector<double> phase(2 * kHidden);
  for (double& p : phase) p = random.uniform(0, 6);
  Tensor tensor(DType::kF32, {1, channels, side, side});
  std::size_t at = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side; ++x) {
        double value = 0;
        for (int h = 0; h < kHidden; ++h)
          value += weights[c * kHidden + h] *
                   std::sin(phase[2 * h] + 0.3 * (h + 1) * y + phase[2 * h + 1] * 0.1 * x);
        tensor.as<float>()[at++] = static_cast<float>(std::max(0.0, value));
      }
  return tensor;
}

std::vector<Tensor> many(int count, std::int64_t channels = 12, std::int64_t side = 20) {
  std::vector<Tensor> samples;
  for (int i = 0; i < count; ++i) samples.push_back(features(channels, side, 10 + i));
  return samples;
}

double root_mean_square(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.as<float>().size(); ++i) {
    const double d = static_cast<double>(a.as<float>()[i]) - b.as<float>()[i];
    sum += d * d;
  }
  return std::sqrt(sum / static_cast<double>(a.elements()));
}

TEST(Cleave, ErrorsStayWithinAboutAStep) {
  for (const double step : {0.02, 0.2}) {
    const auto codec = Codec::create("cleave:step=" + std::to_string(step));
    ASSERT_TRUE(codec) << codec.error().to_string();
    for (const Shape& shape : every_shape()) {
      const Tensor tensor = sample(DType::kF32, shape);
      const auto decoded = codec->decode(*codec->encode(tensor), DType::kF32, shape);
      ASSERT_TRUE(decoded) << decoded.error().to_string();
      if (tensor.elements() > 0) {
        EXPECT_LT(root_mean_square(tensor, *decoded), step) << shape_text(shape);
      }
    }
  }
}

TEST(Cleave, ACalibrationSavesBytesAtTheSameError) {
  const std::vector<Tensor> samples = many(8);
  const Tensor other = features(12, 20, 1000);
  const auto plain = Codec::create("cleave:step=0.2");
  const auto calibration = Codec::calibrate("cleave:step=0.2", samples);
  ASSERT_TRUE(calibration) << calibration.error().to_string();
  const auto calibrated = Codec::create("cleave:step=0.2", *calibration);
  ASSERT_TRUE(calibrated) << calibrated.error().to_string();
  const Bytes own = *plain->encode(other);
  const Bytes known = *calibrated->encode(other);
  EXPECT_LT(known.size() * 5, own.size() * 4);
  EXPECT_LT(root_mean_square(other, *calibrated->decode(known, DType::kF32, other.shape())), 0.2);
}

TEST(Cleave, PayloadsKeepToATarget) {
  const Tensor tensor = features(12, 20, 5);
  const Json calibration = *Codec::calibrate("cleave", many(4));
  for (const std::size_t target : {60, 200, 1000}) {
    const std::string spec = "cleave:target=" + std::to_string(target);
    for (const Json& known : {Json(), calibration}) {
      const auto codec = Codec::create(spec, known);
      ASSERT_TRUE(codec) << codec.error().to_string();
      const auto encoded = codec->encode(tensor);
      ASSERT_TRUE(encoded) << encoded.error().to_string();
      const Bytes& payload = *encoded;
      EXPECT_LE(payload.size(), target);
      EXPECT_GT(payload.size(), target / 2);
      EXPECT_TRUE(codec->decode(payload, DType::kF32, tensor.shape()));
    }
  }
  EXPECT_EQ(Codec::create("cleave:target=2KB")->spec(),
            "cleave:profile=small,step=auto,target=2000");
}

TEST(Cleave, RefusesWhatIsNotFinite) {
  Tensor tensor = features(2, 4, 1);
  tensor.as<float>()[7] = NAN;
  const auto codec = Codec::create("cleave");
  ASSERT_FALSE(codec->encode(tensor));
  EXPECT_FALSE(Codec::calibrate("cleave", std::vector{tensor}));
}

TEST(Cleave, SaysWhatASettingMayBe) {
  EXPECT_EQ(Codec::create("cleave:step=-1").error().message,
            "cleave: step is '-1', expected auto|number");
  EXPECT_EQ(Codec::create("cleave:target=2 parsecs").error().message,
            "cleave: target is '2 parsecs', expected none|size");
}

TEST(Cleave, ChannelsMustBeThoseOfTheCalibration) {
  const auto codec = Codec::create("cleave", *Codec::calibrate("cleave", many(3)));
  const auto error = codec->encode(features(11, 20, 1));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().message, "a tensor of 11 channels, calibrated for 12");
  // Other sides are fine.
  const Tensor wider = features(12, 31, 1);
  EXPECT_TRUE(codec->decode(*codec->encode(wider), DType::kF32, wider.shape()));
}

TEST(FeatureBasis, SurvivesJson) {
  FeatureDesign design;
  design.step = 0.1;
  const std::vector<Tensor> samples = many(3);
  FeatureBasis basis = *design_basis(samples, design, {});
  ASSERT_TRUE(train_basis(samples, basis));
  const Json json = to_json(basis);
  const auto read = feature_basis_from_json(json);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(to_json(*read), json);
}

TEST(FeatureBasis, RefusesContradictions) {
  const Json good = to_json(FeatureBasis::plain(4, 8, 0.5F));
  ASSERT_TRUE(feature_basis_from_json(good));
  const std::vector<std::pair<const char*, Json>> changes{
      {"channels", 5},    {"channels", 0},       {"components", 3}, {"block", 0},
      {"block", 33},      {"scale", -1},         {"scale", "1"},    {"matrix", true},
      {"arrays", "AAAA"}, {"state_bytes", 1000}, {"axis", "first"}, {"low", "x"},
      {"arrays", "!"},    {"channels", 1 << 30},
  };
  for (const auto& [key, value] : changes) {
    Json bad = good;
    bad[key] = value;
    EXPECT_FALSE(feature_basis_from_json(bad)) << key << " " << value;
  }
}

TEST(FeatureBasis, RefusesWhatNoArithmeticIsFor) {
  FeatureBasis basis = FeatureBasis::plain(4, 8, 0.5F);
  basis.gain[2] = (1 << kGainBits) + 1;
  EXPECT_EQ(feature_basis_from_json(to_json(basis)).error().code, ErrorCode::kCorrupt);
  basis = FeatureBasis::plain(4, 8, 0.5F);
  basis.fast.place[5] = 1;
  EXPECT_EQ(feature_basis_from_json(to_json(basis)).error().code, ErrorCode::kCorrupt);
  basis = FeatureBasis::plain(4, 8, 0.5F);
  basis.fast.component.push_back(0);
  EXPECT_EQ(feature_basis_from_json(to_json(basis)).error().code, ErrorCode::kCorrupt);
}

/// Directions that the tail does not see cost nothing and are not sent.
TEST(FeatureDesign, WhatTheTailDoesNotSeeIsLeftOut) {
  const std::vector<Tensor> samples = many(4, 6, 16);
  Sensitivity sensitivity{6, std::vector<float>(36)};
  sensitivity.gram[0] = sensitivity.gram[7] = 1;  // channels 0 and 1 alone
  FeatureDesign design{.metric_floor = 1e-6, .block = 4, .step = 0.05, .clamp = false};
  const FeatureBasis basis = *design_basis(samples, design, sensitivity);
  EXPECT_EQ(basis.components, 2);
  const FeatureTransform transform(basis);
  const Planes planes = planes_of(samples[0].shape(), basis.axis);
  std::vector<float> values(basis.layout(planes).count());
  transform.forward(samples[0].as<float>(), planes, 0, values);
  std::vector<std::int32_t> coded;
  for (const float v : values) coded.push_back(static_cast<std::int32_t>(std::lround(v)));
  std::vector<float> image(samples[0].as<float>().size());
  transform.inverse(coded, planes, 0, image);
  for (std::size_t p = 0; p < 2 * 256; ++p)
    EXPECT_NEAR(image[p], samples[0].as<float>()[p], 0.2) << p;
}

TEST(Cleave, TargetLossTakesTheCoarsestStepWithinIt) {
  const auto samples = many(2);
  Json calibration = *Codec::calibrate("cleave", samples);
  const auto coded = [&](const char* spec) -> Result<Bytes> {
    const Codec codec = CLEAVE_TRY(Codec::create(spec, calibration));
    return codec.encode(samples[0]);
  };
  const std::string none = coded("cleave:target_loss=1%").error().message;
  EXPECT_NE(none.find("no losses"), std::string::npos) << none;
  EXPECT_FALSE(Codec::create("cleave:target_loss=1%"));
  calibration["cleave"]["losses"] = {{-8, 0.001}, {0, 0.01}, {8, 0.05}, {12, 0.02}};
  EXPECT_EQ(*coded("cleave:target_loss=1%"), *coded("cleave"));
  // At a doubling a loss is above 2 %: what lies beyond is not trusted.
  EXPECT_EQ(*coded("cleave:target_loss=2%"), *coded("cleave"));
  EXPECT_GT(coded("cleave:target_loss=0.5%")->size(), coded("cleave")->size());
  EXPECT_LT(coded("cleave:target_loss=5%")->size(), coded("cleave")->size());
  const std::string finer = coded("cleave:target_loss=0.01%").error().message;
  EXPECT_NE(finer.find("0.001"), std::string::npos) << finer;
  for (const Json& wrong : {Json{{0, 0.1}, {0, 0.2}}, Json{{200, 0.1}}, Json{1}, Json{{0}}}) {
    calibration["cleave"]["losses"] = wrong;
    EXPECT_EQ(Codec::create("cleave", calibration).error().code, ErrorCode::kCorrupt) << wrong;
  }
}

TEST(Cleave, LayersRefineEachOther) {
  const auto samples = many(6);
  const Json calibration = *Codec::calibrate("cleave", std::span(samples).first(4));
  for (const Json& known : {Json(), calibration}) {
    const auto layered = Codec::create("cleave:layers=4", known);
    const Shape shape{2, 12, 20, 20};
    Tensor tensor(DType::kF32, shape);
    for (std::size_t i = 0; i < 2; ++i)
      std::ranges::copy(samples[4 + i].as<float>(),
                        tensor.as<float>().begin() + static_cast<std::ptrdiff_t>(i * 4800));
    const Bytes packet = *encode_packet(*layered, tensor);
    const std::size_t payload_bytes = peek_packet(packet)->payload_bytes;
    const auto whole = decode_packet(packet);
    ASSERT_TRUE(whole) << whole.error().to_string();
    const auto same = Codec::create("cleave", known);
    EXPECT_EQ(
        std::ranges::equal(whole->as<float>(),
                           same->decode(*same->encode(tensor), DType::kF32, shape)->as<float>()),
        true);
    double last_error = root_mean_square(tensor, *whole);
    int sizes = 0;
    for (std::size_t most = payload_bytes - 1; most > 0;) {
      const auto trimmed = trim_packet(packet, most);
      if (!trimmed) {
        EXPECT_EQ(trimmed.error().code, ErrorCode::kUnsupported);
        break;
      }
      const std::size_t kept = peek_packet(*trimmed)->payload_bytes;
      ASSERT_LE(kept, most);
      const auto coarser = decode_packet(*trimmed);
      ASSERT_TRUE(coarser) << coarser.error().to_string();
      EXPECT_GE(root_mean_square(tensor, *coarser), last_error);
      last_error = root_mean_square(tensor, *coarser);
      ++sizes;
      most = kept - 1;
    }
    EXPECT_EQ(sizes, 3);
    // A payload that ends anywhere behind its head is a coarser tensor too.
    const auto bytes = std::span(packet).last(payload_bytes);
    for (std::size_t cut = 7; cut < bytes.size(); cut += 13)
      EXPECT_TRUE(layered->decode(bytes.first(cut), DType::kF32, shape)) << cut;
  }
  EXPECT_FALSE(Codec::create("cleave:layers=2,profile=fast"));
  EXPECT_EQ(trim_packet(*encode_packet(*Codec::create("raw"), samples[0]), 100).error().code,
            ErrorCode::kUnsupported);
}

TEST(Cleave, FastWithoutACalibrationIsAsNearAsSmall) {
  Random random(8);
  // Channels of unlike size; planes of few coefficients, of many, of one; smooth and not.
  for (const Shape& shape : {Shape{1, 16, 4, 4}, {1, 8, 33, 31}, {4, 16}, {2, 3, 8, 8}}) {
    Tensor tensor(DType::kF32, shape);
    const auto values = tensor.as<float>();
    const std::size_t channel = values.size() / 16;
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(random.normal() * std::pow(3.0, i / channel % 5));
    for (const Tensor& any : {tensor, features(12, 20, 5)}) {
      const auto codec = Codec::create("cleave:profile=fast,step=0.05");
      const auto decoded = codec->decode(*codec->encode(any), DType::kF32, any.shape());
      ASSERT_TRUE(decoded) << decoded.error().to_string();
      EXPECT_LT(root_mean_square(any, *decoded), 0.05) << shape_text(any.shape());
    }
  }
}

TEST(Cleave, SamplesHavePlanesOfOneSize) {
  const std::vector<Tensor> samples{features(8, 4, 1), features(8, 40, 2)};
  EXPECT_EQ(Codec::calibrate("cleave", samples).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::codec
