#include "study/sensitivity.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <mutex>

#include "base/random.h"
#include "codec/block_dct.h"
#include "codec/feature_images.h"
#include "codec/feature_transform.h"
#include "study/in_parallel.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.sensitivity";
/// Strength of the noise over the deviation of all values.
constexpr double kStrength = 0.2;
/// Elements of a picture's answer that are looked at, evenly spread.
constexpr std::size_t kMostAnswers = 8192;

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double deviation_of(std::span<const float> values) {
  double sum = 0;
  double squares = 0;
  for (const float v : values) {
    sum += v;
    squares += static_cast<double>(v) * v;
  }
  const double n = static_cast<double>(values.size());
  return std::sqrt(std::max(squares / n - (sum / n) * (sum / n), 0.0));
}

/// Answers as coordinates in which distances say how far apart they are: logits up to a constant,
/// which means nothing, or the values of a picture.
class Coordinates {
 public:
  Coordinates(const Tensor& answer, OutputKind kind) : kind_(kind), base_(of(answer)) {}

  Eigen::Index count() const { return base_.size(); }
  Eigen::RowVectorXf difference(const Tensor& answer) const { return of(answer) - base_; }

 private:
  Eigen::RowVectorXf of(const Tensor& answer) const {
    const auto values = answer.as<float>();
    if (kind_ == OutputKind::kPicture) {
      const auto stride = static_cast<Eigen::Index>((values.size() - 1) / kMostAnswers + 1);
      const auto count = (static_cast<Eigen::Index>(values.size()) + stride - 1) / stride;
      return Eigen::Map<const Eigen::RowVectorXf, 0, Eigen::InnerStride<>>(
          values.data(), count, Eigen::InnerStride<>(stride));
    }
    const std::vector<double> logs = log_probabilities(values, is_distribution(values));
    Eigen::RowVectorXf logits =
        Eigen::Map<const Eigen::RowVectorXd>(logs.data(), static_cast<Eigen::Index>(logs.size()))
            .cast<float>();
    logits.array() -= logits.mean();
    return logits;
  }

  OutputKind kind_;
  Eigen::RowVectorXf base_;
};

/// The frequency of every place of a plane in blocks.
std::vector<int> places_of(const codec::BlockAxis& rows, const codec::BlockAxis& columns) {
  std::vector<int> places;
  for (int y = 0; y < rows.length(); ++y)
    for (int x = 0; x < columns.length(); ++x)
      places.push_back(std::min(rows.offset(y), 7) * 8 + std::min(columns.offset(x), 7));
  return places;
}

/// Noise of deviation 1 with this spectrum.
std::vector<float> draw_pattern(const codec::Planes& planes, const SensitivityOptions& options,
                                Random& random) {
  const codec::BlockAxis rows(static_cast<int>(planes.height), options.block);
  const codec::BlockAxis columns(static_cast<int>(planes.width), options.block);
  constexpr double kUnit = 1 << 16;
  std::vector<std::int32_t> coefficients;
  for (const int place : places_of(rows, columns))
    coefficients.push_back(
        static_cast<std::int32_t>((random.below(2) == 0 ? -kUnit : kUnit) *
                                  options.spectrum[static_cast<std::size_t>(place)]));
  codec::inverse_dct(rows, columns, coefficients);
  std::vector<float> pattern(coefficients.begin(), coefficients.end());
  double squares = 0;
  for (const float p : pattern) squares += static_cast<double>(p) * p;
  const double deviation = std::sqrt(squares / static_cast<double>(pattern.size()));
  for (float& p : pattern) p = static_cast<float>(p / std::max(deviation, 1e-9));
  return pattern;
}

class Prober {
 public:
  Prober(CutTrial& trial, std::size_t value, codec::ChannelAxis axis,
         const SensitivityOptions& options)
      : trial_(trial), value_(value), axis_(axis), options_(options) {}

  /// One row for each channel: what noise in it does to the answer, per unit.
  Result<Matrix> probe(std::size_t sample, Random& random) {
    const Tensor& clean = trial_.values(sample)[value_];
    const codec::Planes planes = codec::planes_of(clean.shape(), axis_);
    std::vector<std::vector<float>> images;
    for (std::int64_t i = 0; i < planes.images; ++i)
      images.push_back(codec::gather_image(clean.bytes(), clean.dtype(), planes, i));
    const double strength = kStrength * std::max(deviation_of(images.front()), 1e-6);
    const std::vector<float> pattern = draw_pattern(planes, options_, random);
    const Coordinates coordinates(trial_.judge().answer(sample), trial_.kind());
    Matrix changes(planes.channels, coordinates.count());
    const auto probe_channel = [&](std::size_t worker, std::size_t channel) -> Result<void> {
      const auto values = trial_.values(sample);
      std::vector<Tensor> changed(values.begin(), values.end());
      for (std::size_t i = 0; i < images.size(); ++i) {
        std::vector<float> image = images[i];
        const std::size_t at = channel * pattern.size();
        for (std::size_t p = 0; p < pattern.size(); ++p)
          image[at + p] += static_cast<float>(strength) * pattern[p];
        codec::scatter_image(image, clean.dtype(), planes, static_cast<std::int64_t>(i),
                             changed[value_].bytes());
      }
      const Tensor answer = CLEAVE_TRY(trial_.tail(worker, changed));
      changes.row(static_cast<Eigen::Index>(channel)) = coordinates.difference(answer);
      return {};
    };
    CLEAVE_CHECK(in_parallel(static_cast<std::size_t>(planes.channels), trial_.workers(),
                             probe_channel, {}));
    changes /= static_cast<float>(strength);
    return changes;
  }

 private:
  CutTrial& trial_;
  std::size_t value_;
  codec::ChannelAxis axis_;
  const SensitivityOptions& options_;
};

/// Frequencies that are looked at together: by the sum of both, high ones in one.
constexpr int kBands = 8;
int band_of(int place) { return std::min(place / 8 + place % 8, kBands - 1); }

}  // namespace

Result<codec::Sensitivity> measure_sensitivity(CutTrial& trial, std::size_t value,
                                               codec::ChannelAxis axis,
                                               const SensitivityOptions& options) {
  const Tensor& first = trial.values(0)[value];
  if (!is_floating(first.dtype()))
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a value of " + std::string(dtype_name(first.dtype())) + ", expected floats");
  const auto channels = static_cast<int>(codec::planes_of(first.shape(), axis).channels);
  Matrix gram = Matrix::Zero(channels, channels);
  Random random(options.seed);
  Prober prober(trial, value, axis, options);
  for (std::size_t i = 0; i < std::min(options.samples, trial.size()); ++i) {
    const Matrix changes = CLEAVE_TRY(prober.probe(i, random));
    gram.noalias() += changes * changes.transpose();
  }
  return codec::Sensitivity{channels, {gram.data(), gram.data() + gram.size()}};
}

namespace {

/// What noise in one band of a basis's coefficients is as values.
class BandNoise {
 public:
  BandNoise(const codec::FeatureBasis& basis, const codec::Planes& planes)
      : planes_(planes),
        places_(places_of({static_cast<int>(planes.height), basis.block},
                          {static_cast<int>(planes.width), basis.block})),
        transform_(centred(basis)) {}

  /// Noise of half a step in every coefficient of the band; empty where the band has none.
  std::vector<float> draw(int band, Random& random, double& coefficients) const {
    const auto components = static_cast<std::size_t>(transform_.basis().components);
    std::vector<std::int32_t> noise(components * places_.size());
    coefficients = 0;
    for (std::size_t i = 0; i < noise.size(); ++i) {
      if (band_of(places_[i % places_.size()]) != band) continue;
      noise[i] = random.below(2) == 0 ? -1 : 1;
      coefficients += 1;
    }
    if (coefficients == 0) return {};
    std::vector<float> image(static_cast<std::size_t>(planes_.image_stride));
    constexpr int kHalfStep = -8;
    transform_.inverse(noise, planes_, kHalfStep, image);
    return image;
  }

 private:
  static codec::FeatureBasis centred(codec::FeatureBasis basis) {
    std::ranges::fill(basis.mean, 0.0F);
    basis.low.reset();
    basis.shrink.fill(0);
    basis.band_gain.fill(codec::kUnitBandGain);
    return basis;
  }

  codec::Planes planes_;
  std::vector<int> places_;
  codec::FeatureTransform transform_;
};

}  // namespace

Result<std::array<double, codec::kPlaces>> measure_frequencies(CutTrial& trial, std::size_t value,
                                                               const codec::FeatureBasis& basis,
                                                               const SensitivityOptions& options) {
  const std::size_t samples = std::min(options.samples, trial.size());
  std::array<double, kBands> change{};
  std::array<double, kBands> counts{};
  std::mutex mutex;
  const auto probe = [&](std::size_t worker, std::size_t i) -> Result<void> {
    const std::size_t sample = i / kBands;
    const auto band = static_cast<int>(i % kBands);
    const auto values = trial.values(sample);
    std::vector<Tensor> changed(values.begin(), values.end());
    Tensor& tensor = changed[value];
    const codec::Planes planes = codec::planes_of(tensor.shape(), basis.axis);
    Random random(options.seed + i);
    double coefficients = 0;
    const std::vector<float> noise = BandNoise(basis, planes).draw(band, random, coefficients);
    if (noise.empty()) return {};
    std::vector<float> image = codec::gather_image(tensor.bytes(), tensor.dtype(), planes, 0);
    for (std::size_t p = 0; p < image.size(); ++p) image[p] += noise[p];
    codec::scatter_image(image, tensor.dtype(), planes, 0, tensor.bytes());
    const Tensor answer = CLEAVE_TRY(trial.tail(worker, changed));
    const auto difference =
        Coordinates(trial.judge().answer(sample), trial.kind()).difference(answer);
    const std::lock_guard lock(mutex);
    change[static_cast<std::size_t>(band)] += difference.squaredNorm();
    counts[static_cast<std::size_t>(band)] += coefficients;
    return {};
  };
  CLEAVE_CHECK(in_parallel(samples * kBands, trial.workers(), probe, {}));
  double largest = 0;
  for (std::size_t b = 0; b < kBands; ++b) {
    change[b] = counts[b] > 0 ? change[b] / counts[b] : 0;
    largest = std::max(largest, change[b]);
  }
  std::array<double, codec::kPlaces> result;
  for (std::size_t place = 0; place < result.size(); ++place) {
    const double own = change[static_cast<std::size_t>(band_of(static_cast<int>(place)))];
    result[place] = largest > 0 && own > 0 ? own / largest : 1;
  }
  return result;
}

}  // namespace cleave::study
