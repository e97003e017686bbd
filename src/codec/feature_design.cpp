// The channel transform of the feature codec: principal components (Karhunen-Loève) in the metric
// of what the tail makes of errors. Ours.
#include "codec/feature_design.h"

#include <Eigen/Dense>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <bit>
#include <cmath>

#include "codec/fast_coefficients.h"
#include "codec/feature_images.h"
#include "codec/feature_transform.h"
#include "codec/floats.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.cleave";
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMatrixXd = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A component whose largest coefficient varies by less than this part of a step is not kept.
constexpr double kLeastDeviation = 0.25;

/// The step for values that are all the same.
constexpr double kLeastStep = 1e-6;

/// The sensitivity as a metric of mean 1 on the diagonal, no direction less than the floor.
MatrixXd metric_of(const Sensitivity& sensitivity, int channels, double floor) {
  if (sensitivity.gram.empty()) return MatrixXd::Identity(channels, channels);
  MatrixXd gram =
      Eigen::Map<const Eigen::MatrixXf>(sensitivity.gram.data(), channels, channels).cast<double>();
  gram = (gram + gram.transpose()).eval() / 2;
  const double mean = gram.trace() / channels;
  if (!(mean > 0)) return MatrixXd::Identity(channels, channels);
  return gram / mean + floor * MatrixXd::Identity(channels, channels);
}

/// Columns are what a decoder adds up: a unit of each component, in values. `pixels` are those of
/// a block, `most` the components that may be kept.
MatrixXd synthesis_of(const FeatureComponents& components, Eigen::Index channels,
                      const FeatureDesign& design, int pixels, int most) {
  const auto found = static_cast<Eigen::Index>(components.variance.size());
  Eigen::Index kept = 0;
  // A block of cosines may gather up to `pixels` times the variance.
  while (kept < std::min<Eigen::Index>(found, most) &&
         components.variance[static_cast<std::size_t>(kept)] * pixels >=
             kLeastDeviation * kLeastDeviation * design.step * design.step)
    ++kept;
  kept = std::max<Eigen::Index>(kept, 1);
  // The covariance of values and components, over that of the components.
  if (design.conditional_mean)
    return Eigen::Map<const RowMatrixXd>(components.inverse.data(), channels, found).leftCols(kept);
  const MatrixXd analysis =
      Eigen::Map<const RowMatrixXd>(components.analysis.data(), found, channels).topRows(kept);
  // Its pseudo-inverse, whose own is the analysis again: the encoder finds it so.
  return (analysis * analysis.transpose()).ldlt().solve(analysis).transpose();
}

/// The synthesis in the basis's integers: a column is 127 at its largest, its gain says how large
/// that is.
void set_matrix(const MatrixXd& synthesis, double step, FeatureBasis& basis) {
  const VectorXd largest = synthesis.cwiseAbs().colwise().maxCoeff();
  const double top = largest.maxCoeff();
  constexpr double kOne = 1 << kGainBits;
  basis.components = static_cast<int>(synthesis.cols());
  basis.matrix.resize(static_cast<std::size_t>(synthesis.size()));
  basis.gain.resize(static_cast<std::size_t>(basis.components));
  for (int k = 0; k < basis.components; ++k) {
    basis.gain[k] = static_cast<std::uint16_t>(std::max(1.0, std::round(kOne * largest[k] / top)));
    for (int c = 0; c < basis.channels; ++c)
      basis.matrix[c * basis.components + k] =
          static_cast<std::int8_t>(std::round(127 * synthesis(c, k) / largest[k]));
  }
  basis.scale =
      static_cast<float>(step * top / 127 / (1 << (kGainBits - kFactorBits + kFractionBits)));
}

/// To 12 bits of mantissa: means need no more, and zeros compress.
float shortened(float value) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & ~0x7ffU);
}

/// Gains that make a step in a channel as bad as in any other.
void set_gains(const std::vector<double>& metric, double step, FeatureBasis& basis) {
  const VectorXd steps =
      Eigen::Map<const VectorXd>(metric.data(), static_cast<Eigen::Index>(metric.size()))
          .cwiseSqrt()
          .cwiseInverse();
  const double top = steps.maxCoeff();
  constexpr double kOne = 1 << kGainBits;
  for (int c = 0; c < basis.channels; ++c)
    basis.gain[c] = static_cast<std::uint16_t>(std::max(1.0, std::round(kOne * steps[c] / top)));
  basis.scale = static_cast<float>(step * top / (1 << (kGainBits + kFractionBits)));
}

/// Codes one image and calls `visit(values in steps, what is coded)`; the payload's bytes.
template <class Visit>
std::size_t code_image(const FeatureTransform& transform, const Planes& planes,
                       std::span<const float> image, CoefficientModel& model, Visit visit) {
  const FeatureBasis& basis = transform.basis();
  const std::size_t count = basis.layout(planes).count();
  std::vector<float> values(count);
  std::vector<std::int32_t> coded(count);
  transform.forward(image, planes, 0, values);
  Bytes out;
  model.encode(values, {0, basis.components}, basis.trade(), out, coded);
  visit(values, coded);
  return out.size();
}

/// Where magnitudes of 1, 2 and more lie on average.
struct Centroids {
  std::array<double, 3> sum{};
  std::array<double, 3> count{};

  void add(std::span<const float> values, std::span<const std::int32_t> coded) {
    for (std::size_t i = 0; i < coded.size(); ++i) {
      const int magnitude = std::abs(coded[i]);
      if (magnitude == 0) continue;
      const int row = std::min(magnitude, 3) - 1;
      sum[row] += magnitude - std::abs(values[i]);
      count[row] += 1;
    }
  }

  std::array<std::int8_t, 3> shrink() const {
    std::array<std::int8_t, 3> result{};
    for (std::size_t i = 0; i < 3; ++i)
      if (count[i] > 0)
        result[i] =
            static_cast<std::int8_t>(std::clamp(std::round(16 * sum[i] / count[i]), -8.0, 8.0));
    return result;
  }
};

}  // namespace

/// Mean and covariance over channels, the least value, and the first sample's planes.
struct FeatureDesigner::Moments {
  ChannelAxis axis = ChannelAxis::kBeforePlane;
  Planes planes;
  VectorXd mean;
  MatrixXd covariance;  ///< empty where channels are not to be mixed
  double least = INFINITY;
  double count = 0;

  Result<void> add(const Tensor& sample) {
    const Planes found = planes_of(sample.shape(), axis);
    if (found.channels != planes.channels)
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "samples of " + std::to_string(planes.channels) + " and of " +
                      std::to_string(found.channels) + " channels");
    if (found.height != planes.height || found.width != planes.width)
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "samples of planes of " + std::to_string(planes.height) + "x" +
                      std::to_string(planes.width) + " and of " + std::to_string(found.height) +
                      "x" + std::to_string(found.width));
    for (std::int64_t i = 0; i < found.images; ++i) {
      const std::vector<float> image = gather_image(sample.bytes(), sample.dtype(), found, i);
      if (!std::ranges::all_of(image, [](float v) { return std::isfinite(v); }))
        return std::unexpected(not_finite(sample.bytes(), sample.dtype()));
      const MatrixXd pixels =
          Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
              image.data(), found.channels, found.pixels())
              .cast<double>();
      mean += pixels.rowwise().sum();
      if (covariance.size() > 0) covariance.noalias() += pixels * pixels.transpose();
      least = std::min(least, pixels.minCoeff());
      count += static_cast<double>(found.pixels());
    }
    return {};
  }

  void finish() {
    mean /= count;
    if (covariance.size() > 0) covariance = covariance / count - mean * mean.transpose();
  }
};

FeatureDesigner::FeatureDesigner(std::unique_ptr<const Moments> moments)
    : moments_(std::move(moments)) {}
FeatureDesigner::FeatureDesigner(FeatureDesigner&&) noexcept = default;
FeatureDesigner& FeatureDesigner::operator=(FeatureDesigner&&) noexcept = default;
FeatureDesigner::~FeatureDesigner() = default;

Result<FeatureDesigner> FeatureDesigner::create(std::span<const Tensor> samples, ChannelAxis axis) {
  if (samples.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no samples, expected one or more");
  auto moments = std::make_unique<Moments>();
  moments->axis = axis;
  moments->planes = planes_of(samples.front().shape(), axis);
  const Eigen::Index channels = moments->planes.channels;
  moments->mean = VectorXd::Zero(channels);
  if (channels > 1 && channels <= kMaxMixedChannels)
    moments->covariance = MatrixXd::Zero(channels, channels);
  for (const Tensor& sample : samples) CLEAVE_CHECK(moments->add(sample));
  moments->finish();
  return FeatureDesigner(std::move(moments));
}

FeatureComponents FeatureDesigner::components(const Sensitivity& sensitivity, double floor) const {
  const auto channels = static_cast<int>(moments_->planes.channels);
  FeatureComponents result;
  if (moments_->covariance.size() == 0) {
    result.metric.assign(static_cast<std::size_t>(channels), 1);
    return result;
  }
  const MatrixXd metric = metric_of(sensitivity, channels, floor);
  const VectorXd diagonal = metric.diagonal();
  result.metric.assign(diagonal.begin(), diagonal.end());
  const Eigen::SelfAdjointEigenSolver<MatrixXd> roots(metric);
  const VectorXd values = roots.eigenvalues().cwiseMax(1e-9).cwiseSqrt();
  const MatrixXd root =
      roots.eigenvectors() * values.asDiagonal() * roots.eigenvectors().transpose();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> found(root * moments_->covariance * root);
  // Eigenvalues rise.
  const VectorXd variance = found.eigenvalues().reverse();
  const RowMatrixXd directions = found.eigenvectors().rowwise().reverse();
  const RowMatrixXd analysis = directions.transpose() * root;
  const RowMatrixXd inverse = roots.eigenvectors() * values.cwiseInverse().asDiagonal() *
                              roots.eigenvectors().transpose() * directions;
  result.variance.assign(variance.begin(), variance.end());
  result.analysis.assign(analysis.data(), analysis.data() + analysis.size());
  result.inverse.assign(inverse.data(), inverse.data() + inverse.size());
  return result;
}

FeatureBasis FeatureDesigner::design(const FeatureDesign& design,
                                     const FeatureComponents& components) const {
  const auto channels = static_cast<int>(moments_->planes.channels);
  FeatureBasis basis = FeatureBasis::plain(channels, design.block, static_cast<float>(design.step));
  basis.axis = moments_->axis;
  basis.bit_price = static_cast<float>(design.bit_price);
  if (design.clamp && moments_->least == 0) basis.low = 0.0F;
  if (!design.matrix || components.analysis.empty()) {
    set_gains(components.metric, design.step, basis);
    return basis;
  }
  const auto block = static_cast<int>(std::min<std::int64_t>(
      moments_->planes.pixels(), static_cast<std::int64_t>(design.block) * design.block));
  const int most = std::max(1, std::min(design.most_components, kMaxMatrixEntries / channels));
  set_matrix(synthesis_of(components, channels, design, block, most), design.step, basis);
  for (int c = 0; c < channels; ++c)
    basis.mean[c] = shortened(static_cast<float>(moments_->mean[c]));
  return basis;
}

Result<FeatureBasis> design_basis(std::span<const Tensor> samples, const FeatureDesign& design,
                                  const Sensitivity& sensitivity) {
  const auto designer = CLEAVE_TRY(FeatureDesigner::create(samples, ChannelAxis::kBeforePlane));
  return designer.design(design, designer.components(sensitivity, design.metric_floor));
}

double deviation_of(std::span<const Tensor> samples) {
  double count = 0;
  double sum = 0;
  double squares = 0;
  for (const Tensor& sample : samples) {
    for_each_chunk(sample.bytes(), sample.dtype(),
                   [&](const float* values, std::size_t chunk, std::size_t) {
                     for (std::size_t i = 0; i < chunk; ++i) {
                       sum += values[i];
                       squares += static_cast<double>(values[i]) * values[i];
                     }
                     count += static_cast<double>(chunk);
                   });
  }
  return std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count)));
}

Result<FeatureBasis> choose_basis(std::span<const Tensor> samples, double step) {
  if (samples.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no samples, expected one or more");
  const Planes planes = planes_of(samples.front().shape(), ChannelAxis::kBeforePlane);
  FeatureDesign design;
  design.step = step > 0 ? step : std::max(deviation_of(samples) / 4, kLeastStep);
  const auto designer = CLEAVE_TRY(FeatureDesigner::create(samples, ChannelAxis::kBeforePlane));
  const FeatureComponents components = designer.components({}, design.metric_floor);
  std::optional<FeatureBasis> best;
  double best_bytes = 0;
  for (const int block : {1, 8}) {
    if (block > 1 && std::max(planes.height, planes.width) == 1) continue;
    for (const bool matrix : {false, true}) {
      if (matrix && components.analysis.empty()) continue;
      design.block = block;
      design.matrix = matrix;
      FeatureBasis basis = designer.design(design, components);
      // One that had to leave out components loses more than the others: bytes do not compare.
      const bool cut_short = matrix && basis.components == kMaxMatrixEntries / basis.channels &&
                             basis.components < basis.channels;
      if (cut_short) continue;
      const double bytes = CLEAVE_TRY(train_basis(samples, basis));
      if (best && bytes >= best_bytes) continue;
      best = std::move(basis);
      best_bytes = bytes;
    }
  }
  return *std::move(best);
}

namespace {

/// What the fast profile knows beforehand, from what it makes of the samples itself: means, then
/// weights that go with them, then the shapes of magnitudes.
void train_fast(std::span<const Tensor> samples, FeatureBasis& basis) {
  if (samples.empty()) return;
  const FeatureTransform transform(basis);
  const CoefficientLayout layout = basis.layout(planes_of(samples.front().shape(), basis.axis));
  const RateDistortion trade = basis.trade();
  std::vector<float> values(layout.count() + kSlack);
  std::vector<std::int32_t> coded(layout.count() + kSlack);
  basis.fast = FastPriors::plain(basis.components, basis.block);
  for (int round = 0; round < 3; ++round) {
    const FastModel model(basis.fast);
    FastCoefficientCoder coder(layout, model, 0);
    FastPriorFit means(layout, basis.fast);
    MagnitudeShapeFit shapes;
    for (const Tensor& sample : samples) {
      const Planes planes = planes_of(sample.shape(), basis.axis);
      for (std::int64_t i = 0; i < planes.images; ++i) {
        transform.forward(gather_image(sample.bytes(), sample.dtype(), planes, i), planes, 0,
                          values);
        Bytes unwanted;
        coder.encode(values, trade, unwanted, coded, &shapes);
        means.add(std::span(coded).first(layout.count()));
      }
    }
    if (round < 2) basis.fast = means.priors();
    if (round == 2) basis.fast.shape = shapes.shape(basis.fast.shape);
  }
}

}  // namespace

Result<double> train_basis(std::span<const Tensor> samples, FeatureBasis& basis) {
  double bytes = 0;
  // Twice: what shifts within the steps are right, then what the model learns with them.
  for (int round = 0; round < 2; ++round) {
    const FeatureTransform transform(basis);
    Centroids centroids;
    std::optional<CoefficientModel> model;
    bytes = 0;
    for (const Tensor& sample : samples) {
      const Planes planes = planes_of(sample.shape(), basis.axis);
      if (!model) model.emplace(basis.layout(planes), basis.state);
      for (std::int64_t i = 0; i < planes.images; ++i) {
        const std::vector<float> image = gather_image(sample.bytes(), sample.dtype(), planes, i);
        bytes += static_cast<double>(
            code_image(transform, planes, image, *model,
                       [&](auto values, auto coded) { centroids.add(values, coded); }));
      }
    }
    basis.shrink = centroids.shrink();
    if (model) basis.state = model->state();
  }
  train_fast(samples, basis);
  return bytes / static_cast<double>(std::max<std::size_t>(1, samples.size()));
}

}  // namespace cleave::codec
