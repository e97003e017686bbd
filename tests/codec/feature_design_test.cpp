#include "codec/feature_design.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "codec/codec.h"

namespace cleave::codec {
namespace {

constexpr int kChannels = 8;
constexpr int kPixels = 64;

/// Channels that are all mixtures of two planes of noise.
std::vector<Tensor> two_directions() {
  Random random(1);
  std::array<std::array<double, 2>, kChannels> mix{};
  for (auto& row : mix)
    for (double& entry : row) entry = random.uniform(-1, 1);
  std::vector<Tensor> samples;
  for (int s = 0; s < 8; ++s) {
    Tensor sample(DType::kF32, {1, kChannels, 8, 8});
    for (int p = 0; p < kPixels; ++p) {
      const double a = random.uniform(-1, 1);
      const double b = random.uniform(-1, 1);
      for (int c = 0; c < kChannels; ++c)
        sample.as<float>()[c * kPixels + p] = static_cast<float>(mix[c][0] * a + mix[c][1] * b);
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

/// A tail that sees two of the channels, and little of the others.
Sensitivity sees_two_channels() {
  Sensitivity sensitivity{kChannels, std::vector<float>(kChannels * kChannels)};
  sensitivity.gram[0] = sensitivity.gram[3 * kChannels + 3] = 1;
  return sensitivity;
}

double error_of(const std::vector<Tensor>& samples, bool conditional_mean) {
  const auto designer = *FeatureDesigner::create(samples, ChannelAxis::kBeforePlane);
  FeatureBasis basis = designer.design(
      {.metric_floor = 0.01, .conditional_mean = conditional_mean, .block = 1, .step = 0.01},
      designer.components(sees_two_channels(), 0.01));
  EXPECT_EQ(basis.components, 2);
  EXPECT_TRUE(train_basis(samples, basis));
  const auto codec = *Codec::create("cleave", {{"cleave", to_json(basis)}});
  double squares = 0;
  for (const Tensor& sample : samples) {
    const Bytes payload = *codec.encode(sample);
    const Tensor decoded = *codec.decode(payload, DType::kF32, sample.shape());
    for (std::int64_t i = 0; i < sample.elements(); ++i)
      squares += std::pow(decoded.as<float>()[i] - sample.as<float>()[i], 2);
  }
  return std::sqrt(squares / (static_cast<double>(samples.size()) * kChannels * kPixels));
}

TEST(FeatureDesign, ConditionalMeansBringBackWhatLiesInFewDirections) {
  const std::vector<Tensor> samples = two_directions();
  EXPECT_LT(error_of(samples, true), 0.03 * deviation_of(samples));
  EXPECT_GT(error_of(samples, false), 0.3 * deviation_of(samples));
}

}  // namespace
}  // namespace cleave::codec
