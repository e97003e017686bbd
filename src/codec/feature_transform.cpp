#include "codec/feature_transform.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "codec/block_line.h"
#include "codec/feature_kernels.h"
#include "codec/feature_synthesis.h"

namespace cleave::codec {
namespace {

/// One for each component: what a decoder multiplies channel c's share with.
std::int32_t factor_of(const FeatureBasis& basis, int c, int k) {
  return (basis.matrix[c * basis.components + k] * std::int32_t{basis.gain[k]} +
          (1 << (kFactorBits - 1))) >>
         kFactorBits;
}

}  // namespace

float step_factor(int eighths) {
  // 2^(i/8) as floats.
  constexpr std::array<float, 8> kParts{1.0F,        1.09050773F, 1.18920712F, 1.29683955F,
                                        1.41421356F, 1.54221083F, 1.68179283F, 1.83400809F};
  const int whole = eighths >= 0 ? eighths / 8 : -((7 - eighths) / 8);
  return std::ldexp(kParts[eighths - 8 * whole], whole);
}

FeatureTransform::FeatureTransform(FeatureBasis basis) : basis_(std::move(basis)) {
  const auto channels = static_cast<std::size_t>(basis_.channels);
  const auto components = static_cast<std::size_t>(basis_.components);
  if (basis_.matrix.empty()) {
    factors_.assign(basis_.gain.begin(), basis_.gain.end());
    largest_factor_ = factors_;
    return;
  }
  factors_.resize(padded_rows(channels) * components);
  largest_factor_.resize(components);
  Eigen::MatrixXd synthesis(basis_.channels, basis_.components);
  for (int c = 0; c < basis_.channels; ++c)
    for (int k = 0; k < basis_.components; ++k) {
      const std::int32_t factor = factor_of(basis_, c, k);
      factors_[panel_place(components, static_cast<std::size_t>(c), static_cast<std::size_t>(k))] =
          factor;
      largest_factor_[k] = std::max(largest_factor_[k], std::abs(factor));
      synthesis(c, k) = factor * static_cast<double>(basis_.scale) * (1 << kFractionBits);
    }
  const Eigen::MatrixXd analysis =
      (synthesis.transpose() * synthesis).ldlt().solve(synthesis.transpose());
  analysis_.resize(padded_rows(components) * channels);
  offset_.resize(padded_rows(components));
  for (std::size_t k = 0; k < components; ++k)
    for (std::size_t c = 0; c < channels; ++c) {
      const double entry = analysis(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(c));
      analysis_[panel_place(channels, k, c)] = static_cast<float>(entry);
      offset_[k] -= static_cast<float>(entry * basis_.mean[c]);
    }
}

void FeatureTransform::forward(std::span<const float> image, const Planes& planes, int step_eighths,
                               std::span<float> out) const {
  const FeatureKernels& kernels = best_feature_kernels();
  const auto pixels = static_cast<std::size_t>(planes.pixels());
  const BlockAxis rows(static_cast<int>(planes.height), basis_.block);
  const BlockAxis columns(static_cast<int>(planes.width), basis_.block);
  constexpr float kUnit = 1.0F / (1 << kDctBits);
  const Line<float> row_line(columns, true, kUnit);
  const Line<float> column_line(rows, false, kUnit);
  const float finer = 1.0F / step_factor(step_eighths);
  const auto scale = at_places<float>(rows, columns, [&](int f) {
    return finer * kUnitBandGain / static_cast<float>(basis_.band_gain[f]);
  });
  std::vector<float> plane(pixels + kSlack);
  std::vector<float> rows_done(pixels + kSlack);
  if (!basis_.matrix.empty()) {
    std::vector<float> tile(static_cast<std::size_t>(basis_.channels) * kTilePixels);
    const MatrixProduct product{analysis_.data(), offset_.data(),
                                static_cast<std::size_t>(basis_.components),
                                static_cast<std::size_t>(basis_.channels)};
    kernels.multiply(product, image.data(), pixels, tile.data(), out.data());
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(basis_.components); ++k) {
    const auto to = out.subspan(k * pixels, pixels);
    if (basis_.matrix.empty()) {
      const float unit =
          1.0F / (basis_.scale * static_cast<float>(factors_[k]) * (1 << kFractionBits));
      for (std::size_t p = 0; p < pixels; ++p)
        to[p] = (image[k * pixels + p] - basis_.mean[k]) * unit;
    }
    if (basis_.block == 1) {
      for (std::size_t p = 0; p < pixels; ++p) to[p] *= scale[p];
      continue;
    }
    kernels.forward_rows(row_line.get(), to.data(), rows.length(), rows_done.data());
    kernels.forward_columns(column_line.get(), rows_done.data(), columns.length(), scale.data(),
                            plane.data());
    std::copy_n(plane.begin(), pixels, to.begin());
  }
}

void FeatureTransform::inverse(std::span<const std::int32_t> coded, const Planes& planes,
                               int step_eighths, std::span<float> image) const {
  const auto pixels = static_cast<std::size_t>(planes.pixels());
  FeatureSynthesis synthesis(*this, planes);
  for (int k = 0; k < basis_.components; ++k)
    synthesis.add(k, coded.subspan(static_cast<std::size_t>(k) * pixels, pixels));
  synthesis.finish(step_eighths, image);
}

}  // namespace cleave::codec
