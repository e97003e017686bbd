#include "codec/feature_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "codec/block_line.h"
#include "codec/feature_synthesis.h"
#include "codec/feature_transform.h"

namespace cleave::codec {
namespace {

std::vector<float> floats(std::size_t count, double spread, Random& random) {
  std::vector<float> values(count + kSlack);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(random.normal() * spread);
  return values;
}

std::vector<std::int32_t> integers(std::size_t count, std::uint64_t below, Random& random) {
  std::vector<std::int32_t> values(count + kSlack);
  for (std::size_t i = 0; i < count; ++i)
    values[i] =
        static_cast<std::int32_t>(random.below(2 * below)) - static_cast<std::int32_t>(below);
  return values;
}

/// Calls `run(kernels)` for every set and holds what it returns to that of the plain one.
template <class Run>
void expect_all_alike(Run run) {
  const auto expected = run(feature_kernels().front());
  for (const FeatureKernels& kernels : feature_kernels())
    EXPECT_EQ(run(kernels), expected) << kernels.name;
}

template <class T>
std::vector<T> without_slack(std::vector<T> values, std::size_t count) {
  values.resize(count);
  return values;
}

TEST(FeatureKernels, ProductsAreAlikeAndRight) {
  Random random(1);
  for (const auto& [rows, columns, pixels] :
       {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1}, {5, 9, 16}, {8, 3, 47}}) {
    const auto panels = floats(padded_rows(rows) * columns, 1, random);
    const auto bias = floats(padded_rows(rows), 1, random);
    const auto in = without_slack(floats(columns * pixels, 1, random), columns * pixels);
    const auto run = [&](const FeatureKernels& kernels) {
      std::vector<float> tile(columns * kTilePixels);
      std::vector<float> out(rows * pixels);
      kernels.multiply({panels.data(), bias.data(), rows, columns}, in.data(), pixels, tile.data(),
                       out.data());
      return out;
    };
    expect_all_alike(run);
    const auto out = run(feature_kernels().back());
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t p = 0; p < pixels; ++p) {
        float sum = bias[r];
        for (std::size_t c = 0; c < columns; ++c)
          sum += panels[panel_place(columns, r, c)] * in[c * pixels + p];
        ASSERT_EQ(out[r * pixels + p], sum);
      }
  }
}

TEST(FeatureKernels, CosinesAreAlikeAndThoseOfBlockDct) {
  Random random(2);
  for (const auto& [height, width, block] :
       {std::tuple{27, 27, 8}, {13, 13, 8}, {5, 40, 32}, {1, 7, 4}, {3, 3, 1}, {16, 9, 5}}) {
    const BlockAxis rows(height, block);
    const BlockAxis columns(width, block);
    const auto count = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    const auto scale = floats(count, 1, random);
    const auto plane = floats(count, 100, random);
    const Line<float> to_rows(columns, true, 1.0F / (1 << kDctBits));
    const Line<float> to_columns(rows, false, 1.0F / (1 << kDctBits));
    const auto forward = [&](const FeatureKernels& kernels) {
      std::vector<float> half(count + kSlack);
      std::vector<float> out(count + kSlack);
      kernels.forward_rows(to_rows.get(), plane.data(), height, half.data());
      kernels.forward_columns(to_columns.get(), half.data(), width, scale.data(), out.data());
      return without_slack(out, count);
    };
    expect_all_alike(forward);
    auto expected = without_slack(plane, count);
    forward_dct(rows, columns, expected);
    const auto found = forward(feature_kernels().back());
    for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(found[i], expected[i] * scale[i], 0.05);

    const auto coefficients = integers(count, 10'000, random);
    const Line<std::int32_t> from_rows(columns, false, 1);
    const Line<std::int32_t> from_columns(rows, true, 1);
    const auto inverse = [&](const FeatureKernels& kernels) {
      std::vector<std::int32_t> half(count + kSlack);
      std::vector<std::int32_t> out(count + kSlack);
      kernels.inverse_columns(from_columns.get(), coefficients.data(), width, half.data());
      kernels.inverse_rows(from_rows.get(), half.data(), height, out.data());
      return without_slack(out, count);
    };
    expect_all_alike(inverse);
    auto exact = without_slack(coefficients, count);
    inverse_dct(rows, columns, exact);
    EXPECT_EQ(inverse(feature_kernels().back()), exact) << height << "x" << width;
  }
}

TEST(FeatureKernels, LoopsOverPlanesAreAlike) {
  Random random(3);
  for (const std::size_t count : {1, 7, 27, 300}) {
    const auto profile = integers(count, 1 << 7, random);
    auto past = integers(count, 1 << 20, random);
    for (std::int32_t& v : past) v = std::abs(v);
    const auto coded = integers(count, 3000, random);
    expect_all_alike([&](const FeatureKernels& kernels) {
      std::vector<std::int32_t> expected(count + kSlack);
      std::vector<std::int32_t> place = profile;
      for (std::int32_t& v : place) v = std::abs(v);
      const std::uint64_t total =
          kernels.expect({1 << 20, 200, place.data(), past.data()}, count, expected.data());
      std::vector<std::uint8_t> classes(count + kSlack);
      kernels.classify(expected.data(), coded.data(), 250, count, classes.data());
      return std::tuple(total, without_slack(expected, count), without_slack(classes, count));
    });
    auto values = floats(count, 3, random);
    values[0] = INFINITY;
    values[count / 2] = NAN;
    std::vector<std::uint8_t> classes(count + kSlack);
    for (std::uint8_t& c : classes)
      c = static_cast<std::uint8_t>(random.below(kExpectationClasses));
    DeadZone zone{};
    for (std::uint32_t& z : zone)
      z = static_cast<std::uint32_t>(random.below(28'000) << 16 | random.below(65'000));
    expect_all_alike([&](const FeatureKernels& kernels) {
      std::vector<std::int32_t> out(count + kSlack);
      kernels.quantise(zone, values.data(), classes.data(), count, out.data());
      return without_slack(out, count);
    });
    expect_all_alike([&](const FeatureKernels& kernels) {
      std::vector<std::int32_t> memory = past;
      kernels.recall(coded.data(), count, memory.data());
      return std::tuple(memory, kernels.largest(coded.data(), count),
                        kernels.least(coded.data(), count));
    });
    const std::vector<std::int32_t> gain(count + kSlack, 255);
    expect_all_alike([&](const FeatureKernels& kernels) {
      std::vector<std::int32_t> out(count + kSlack);
      kernels.dequantise({{-128, 127, 8}, gain.data()}, coded.data(), count, out.data());
      std::vector<float> finished(count);
      kernels.finish({32768, 0.125F, -3.0F, 0.5F}, coded.data(), count, finished.data());
      return std::tuple(without_slack(out, count), finished);
    });
  }
  std::vector<std::int32_t> least(5, std::numeric_limits<std::int32_t>::min());
  for (const FeatureKernels& kernels : feature_kernels())
    EXPECT_EQ(kernels.largest(least.data(), 5), std::numeric_limits<std::int32_t>::max());
}

TEST(FeatureKernels, SynthesesAreAlike) {
  Random random(4);
  for (const std::size_t pixels : {1, 16, 49}) {
    const std::size_t count = 5;
    const auto planes = integers(count * (pixels + kSlack), 5000, random);
    const auto factors = integers(count * kPanelRows, 32'000, random);
    const std::vector<float> mean{1, 2, 3, 4};
    expect_all_alike([&](const FeatureKernels& kernels) {
      std::vector<float> out(kPanelRows * pixels);
      std::array<float*, kPanelRows> rows;
      for (std::size_t r = 0; r < kPanelRows; ++r) rows[r] = &out[r * pixels];
      kernels.synthesise({planes.data(), factors.data(), count, 1e-4F, -1000.0F, mean.data()},
                         pixels, rows.data());
      return out;
    });
  }
}

/// A decoder by its definition, in 64 bits.
std::vector<float> by_definition(const FeatureBasis& basis, const Planes& planes,
                                 std::span<const std::int32_t> coded, int eighths) {
  const BlockAxis rows(static_cast<int>(planes.height), basis.block);
  const BlockAxis columns(static_cast<int>(planes.width), basis.block);
  const auto frequencies = frequencies_of(rows, columns);
  const std::size_t pixels = frequencies.size();
  std::vector<std::int32_t> y(coded.begin(), coded.end());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::int64_t magnitude = std::abs(y[i]);
    if (magnitude == 0) continue;
    const std::int64_t sixteenths =
        16 * magnitude - basis.shrink[std::min<std::int64_t>(magnitude, 3) - 1];
    const std::int64_t value = std::min<std::int64_t>(
        (sixteenths * basis.band_gain[frequencies[i % pixels]] + 4) >> 3, INT32_MAX);
    y[i] = static_cast<std::int32_t>(y[i] < 0 ? -value : value);
  }
  for (int k = 0; k < basis.components; ++k)
    inverse_dct(rows, columns, std::span(y).subspan(static_cast<std::size_t>(k) * pixels, pixels));
  std::vector<float> image;
  for (int c = 0; c < basis.channels; ++c)
    for (std::size_t p = 0; p < pixels; ++p) {
      std::int64_t sum = 0;
      if (basis.matrix.empty()) sum = std::int64_t{basis.gain[c]} * y[c * pixels + p];
      for (int k = 0; k < basis.components && !basis.matrix.empty(); ++k)
        sum += std::int64_t{(basis.matrix[c * basis.components + k] * basis.gain[k] + 64) >> 7} *
               y[k * pixels + p];
      const float scale =
          std::min(basis.scale * step_factor(eighths), std::numeric_limits<float>::max());
      const float value = static_cast<float>(sum) * scale + basis.mean[c];
      image.push_back(std::min(std::max(value, basis.low.value_or(-INFINITY)),
                               std::numeric_limits<float>::max()));
    }
  return image;
}

TEST(FeatureSynthesis, IsAsDefinedHoweverLargeItGets) {
  Random random(5);
  for (const int block : {1, 4, 8, 32}) {
    for (const bool matrix : {false, true}) {
      for (const std::uint64_t below : {1, 3, 200, 40'000, 1 << 20}) {
        FeatureBasis basis = FeatureBasis::plain(9, block, 0.01F);
        if (matrix) {
          basis.components = 6;
          basis.gain.resize(6);
          basis.matrix.resize(54);
          for (std::int8_t& m : basis.matrix)
            m = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
        }
        for (std::uint16_t& g : basis.gain)
          g = static_cast<std::uint16_t>(random.below((1 << 15) + 1));
        for (std::uint8_t& g : basis.band_gain)
          g = static_cast<std::uint8_t>(1 + random.below(255));
        for (std::int8_t& s : basis.shrink)
          s = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
        if (below == 3) basis.low = 0.0F;
        const Planes planes = planes_of({1, 9, 12, 11}, basis.axis);
        auto coded = integers(basis.layout(planes).count(), below, random);
        coded.resize(basis.layout(planes).count());
        // A plane without anything is left out.
        std::fill(coded.begin() + 132, coded.begin() + 264, 0);
        std::vector<float> image(std::size_t{9} * 132);
        FeatureTransform(basis).inverse(coded, planes, 3, image);
        EXPECT_EQ(image, by_definition(basis, planes, coded, 3)) << block << matrix << below;
      }
    }
  }
}

}  // namespace
}  // namespace cleave::codec
