#include "codec/feature_transform.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

#include "codec/block_dct.h"
#include "codec/coefficient_geometry.h"

namespace cleave::codec {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What a decoder multiplies coefficients of whole steps with.
Matrix synthesis_of(const FeatureBasis& basis) {
  Matrix synthesis(basis.channels, basis.components);
  for (int c = 0; c < basis.channels; ++c)
    for (int k = 0; k < basis.components; ++k)
      synthesis(c, k) = static_cast<float>(basis.matrix[c * basis.components + k]) *
                        static_cast<float>(basis.gain[k]) / (1 << kGainBits) * basis.scale *
                        (1 << kFractionBits);
  return synthesis;
}

std::vector<float> analysis_of(const FeatureBasis& basis) {
  if (basis.matrix.empty()) return {};
  const Eigen::MatrixXd synthesis = synthesis_of(basis).cast<double>();
  Matrix analysis =
      (synthesis.transpose() * synthesis).ldlt().solve(synthesis.transpose()).cast<float>();
  return {analysis.data(), analysis.data() + analysis.size()};
}

/// `map` of every place of the plane's frequencies.
template <class Map>
void for_each_place(const BlockAxis& rows, const BlockAxis& columns, Map map) {
  for (int y = 0; y < rows.length(); ++y) {
    const int u = std::min(rows.offset(y), 7);
    for (int x = 0; x < columns.length(); ++x)
      map(y * columns.length() + x, u * 8 + std::min(columns.offset(x), 7));
  }
}

/// Whole steps as 1/256 of one: magnitudes shrunk, frequencies weighted.
void dequantise(const FeatureBasis& basis, const BlockAxis& rows, const BlockAxis& columns,
                std::span<std::int32_t> plane) {
  for_each_place(rows, columns, [&](int at, int place) {
    const std::int32_t q = plane[at];
    if (q == 0) return;
    const std::int32_t magnitude = std::min(std::abs(q), kMaxCoefficient);
    const std::int32_t sixteenths = 16 * magnitude - basis.shrink[std::min(magnitude, 3) - 1];
    const std::int64_t value = std::int64_t{sixteenths} * basis.band_gain[place];
    plane[at] = static_cast<std::int32_t>(q < 0 ? -std::min<std::int64_t>(value, INT32_MAX)
                                                : std::min<std::int64_t>(value, INT32_MAX));
  });
}

/// sums[p] += factor · plane[p].
template <class Sum>
void add_scaled(std::span<const std::int32_t> plane, Sum factor, std::span<Sum> sums) {
  for (std::size_t p = 0; p < plane.size(); ++p) sums[p] += factor * plane[p];
}

/// Turns sums into values.
template <class Sum>
void finish(std::span<const Sum> sums, float scale, float mean, const std::optional<float>& low,
            std::span<float> out) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float least = low.value_or(-kLargest);
  for (std::size_t p = 0; p < sums.size(); ++p) {
    const float value = static_cast<float>(sums[p]) * scale + mean;
    out[p] = std::min(std::max(value, least), kLargest);
  }
}

template <class Sum>
void synthesise(const FeatureBasis& basis, std::span<const std::int32_t> planes, std::size_t pixels,
                float scale, std::span<float> image) {
  std::vector<Sum> sums(pixels);
  for (int c = 0; c < basis.channels; ++c) {
    std::ranges::fill(sums, Sum{0});
    if (basis.matrix.empty()) {
      add_scaled<Sum>(planes.subspan(c * pixels, pixels), Sum{1}, sums);
    } else {
      for (int k = 0; k < basis.components; ++k)
        add_scaled<Sum>(planes.subspan(k * pixels, pixels),
                        Sum{basis.matrix[c * basis.components + k]}, sums);
    }
    finish<Sum>(sums, scale, basis.mean[c], basis.low, image.subspan(c * pixels, pixels));
  }
}

}  // namespace

float step_factor(int eighths) {
  // 2^(i/8) as floats.
  constexpr std::array<float, 8> kParts{1.0F,        1.09050773F, 1.18920712F, 1.29683955F,
                                        1.41421356F, 1.54221083F, 1.68179283F, 1.83400809F};
  const int whole = eighths >= 0 ? eighths / 8 : -((7 - eighths) / 8);
  return std::ldexp(kParts[eighths - 8 * whole], whole);
}

FeatureTransform::FeatureTransform(FeatureBasis basis)
    : basis_(std::move(basis)), analysis_(analysis_of(basis_)) {}

void FeatureTransform::forward(std::span<const float> image, const Planes& planes, int step_eighths,
                               std::span<float> out) const {
  const auto pixels = static_cast<std::size_t>(planes.pixels());
  const float finer = 1.0F / step_factor(step_eighths);
  const BlockAxis rows(static_cast<int>(planes.height), basis_.block);
  const BlockAxis columns(static_cast<int>(planes.width), basis_.block);
  std::vector<float> centred(image.begin(), image.end());
  for (int c = 0; c < basis_.channels; ++c)
    for (std::size_t p = 0; p < pixels; ++p) centred[c * pixels + p] -= basis_.mean[c];
  if (!basis_.matrix.empty()) {
    const Eigen::Map<const Matrix> analysis(analysis_.data(), basis_.components, basis_.channels);
    const Eigen::Map<const Matrix> in(centred.data(), basis_.channels,
                                      static_cast<Eigen::Index>(pixels));
    Eigen::Map<Matrix>(out.data(), basis_.components, static_cast<Eigen::Index>(pixels)).noalias() =
        analysis * in;
  }
  for (int k = 0; k < basis_.components; ++k) {
    const auto plane = out.subspan(k * pixels, pixels);
    if (basis_.matrix.empty()) {
      const float unit = 1.0F / (basis_.scale * (1 << kFractionBits) *
                                 static_cast<float>(basis_.gain[k]) / (1 << kGainBits));
      for (std::size_t p = 0; p < pixels; ++p) plane[p] = centred[k * pixels + p] * unit;
    }
    if (basis_.block > 1) forward_dct(rows, columns, plane);
    for_each_place(rows, columns, [&](int at, int place) {
      plane[at] *= finer * kUnitBandGain / static_cast<float>(basis_.band_gain[place]);
    });
  }
}

void FeatureTransform::inverse(std::span<std::int32_t> coded, const Planes& planes,
                               int step_eighths, std::span<float> image) const {
  const auto pixels = static_cast<std::size_t>(planes.pixels());
  const BlockAxis rows(static_cast<int>(planes.height), basis_.block);
  const BlockAxis columns(static_cast<int>(planes.width), basis_.block);
  std::int64_t largest = 0;
  for (int k = 0; k < basis_.components; ++k) {
    const auto plane = coded.subspan(k * pixels, pixels);
    dequantise(basis_, rows, columns, plane);
    if (basis_.block > 1) inverse_dct(rows, columns, plane);
    std::int64_t largest_here = 0;
    for (std::int32_t& v : plane) {
      v = static_cast<std::int32_t>((std::int64_t{v} * basis_.gain[k]) >> kGainBits);
      largest_here = std::max<std::int64_t>(largest_here, std::abs(std::int64_t{v}));
    }
    largest += largest_here;
  }
  const float scale = basis_.scale * step_factor(step_eighths);
  // 32 bits where no sum can leave them: the same sums, faster.
  if (largest * 127 <= INT32_MAX) {
    synthesise<std::int32_t>(basis_, coded, pixels, scale, image);
  } else {
    synthesise<std::int64_t>(basis_, coded, pixels, scale, image);
  }
}

}  // namespace cleave::codec
