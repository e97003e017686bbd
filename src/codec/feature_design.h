#pragma once

#include <memory>
#include <span>
#include <vector>

#include "codec/feature_basis.h"

/// Makes bases for features from samples of them.
namespace cleave::codec {

/// What a tail makes of errors in the channels of a value, measured by whoever has the tail:
/// `gram[a * channels + b]` is how much an error in channel a and the same in channel b change the
/// answer together, a positive semidefinite matrix of any scale. Empty: every channel alike.
struct Sensitivity {
  int channels = 0;
  std::vector<float> gram;
};

/// What a design chooses.
struct FeatureDesign {
  bool matrix = true;         ///< mix channels, else code each by itself
  double metric_floor = 0.1;  ///< least sensitivity of a direction, over the mean of all
  /// What components that are left out are decoded to: their means given those that are kept, or
  /// whatever makes the values least. The first is right where values lie in few directions, the
  /// second keeps the encoder from following directions that the tail does not see.
  bool conditional_mean = false;
  int block = 8;
  double step = 1;    ///< in values, of a component of mean sensitivity
  bool clamp = true;  ///< keep decoded values above the least that was seen, if that is 0
  double bit_price = 0.12;
  int most_components = 1 << 20;
};

/// Entries that a matrix may have, so that a calibration stays small, and channels that are worth
/// finding components of.
inline constexpr int kMaxMatrixEntries = 36'000;
inline constexpr int kMaxMixedChannels = 1024;

/// The principal directions of samples in the metric of a tail, those of greatest variance first.
/// Plain values.
struct FeatureComponents {
  std::vector<double> variance;  ///< of each component
  std::vector<double> analysis;  ///< components × channels
  std::vector<double> metric;    ///< the metric's diagonal, by channel
  std::vector<double> inverse;   ///< of the analysis: channels × components
};

/// What designs for one value rest on: the samples' moments over channels. Immutable and
/// thread-safe.
class FeatureDesigner {
 public:
  /// Samples are tensors of one value, floating and finite. The covariance is left out where there
  /// are too many channels to mix. Errors: kInvalidArgument for no samples, ones that differ in
  /// their channels, or values that are not finite.
  static Result<FeatureDesigner> create(std::span<const Tensor> samples, ChannelAxis axis);
  FeatureDesigner(FeatureDesigner&&) noexcept;
  FeatureDesigner& operator=(FeatureDesigner&&) noexcept;
  ~FeatureDesigner();

  /// Takes time as the cube of the channels. `floor` is FeatureDesign::metric_floor.
  FeatureComponents components(const Sensitivity& sensitivity, double floor) const;
  /// The basis of a design: of the components those that would not vanish within a step, or, where
  /// channels are not mixed, the channels, with steps as the metric's diagonal says.
  FeatureBasis design(const FeatureDesign& design, const FeatureComponents& components) const;

 private:
  struct Moments;
  explicit FeatureDesigner(std::unique_ptr<const Moments> moments);
  std::unique_ptr<const Moments> moments_;
};

/// Both in one.
Result<FeatureBasis> design_basis(std::span<const Tensor> samples, const FeatureDesign& design,
                                  const Sensitivity& sensitivity);

/// A basis for samples of whose tail nothing is known: of a few designs the one that codes them
/// into the fewest bytes, trained. `step` 0 is a quarter of the values' deviation.
Result<FeatureBasis> choose_basis(std::span<const Tensor> samples, double step);

/// The deviation of all values from their mean. At least one value.
double deviation_of(std::span<const Tensor> samples);

/// Codes the samples with a basis and keeps what the model learnt and where magnitudes lie within
/// their steps. Returns the mean payload in bytes of a sample, coded as if the state were known.
Result<double> train_basis(std::span<const Tensor> samples, FeatureBasis& basis);

}  // namespace cleave::codec
