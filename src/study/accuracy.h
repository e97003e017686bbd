#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "study/estimate.h"

namespace cleave::study {

/// Are these scores probabilities already: none negative, their sum 1 within 0.001?
bool is_distribution(std::span<const float> scores);
/// The logarithms of the probabilities that scores of classes mean: their own, or their softmax's.
std::vector<double> log_probabilities(std::span<const float> scores, bool as_they_are);

/// Of spans of one size.
double mean_squared_error(std::span<const float> found, std::span<const float> expected);

/// What a network's output is.
enum class OutputKind {
  kClasses,  ///< a score for each class: one dimension beside those of 1, as 1xN or 1xNx1x1
  kPicture,  ///< any other tensor: values in places
};
/// kUnsupported, with the shape, for an output that is not f32 or has fewer than two elements.
Result<OutputKind> output_kind(const Tensor& output);

/// What one sample's output says: beside its label, and beside the uncut network's output.
struct SampleScore {
  std::optional<bool> top1;        ///< the label has the highest score
  std::optional<bool> uncut_top1;  ///< it had the uncut network's; where a trial knows that
  std::optional<bool> top5;       ///< it is among the five highest; nothing where that says nothing
  std::optional<bool> agrees;     ///< the highest score is the uncut network's
  std::optional<double> kl_nats;  ///< KL(uncut ‖ this) of the two distributions of classes
  std::optional<double> squared_error;  ///< mean of (this - uncut)² over a picture
  double lowest = 0;                    ///< of the uncut network's picture
  double highest = 0;
  double byte_share = 0;  ///< of its values, those from 0 to 255
};

/// Scores an output. Classes are counted by `label` where there is one; `uncut` (may be null) is
/// the whole network's output for the same input. An output that is a distribution already, all
/// values at least 0 and their sum 1 within 0.001, is taken as it is, and any other one by its
/// softmax: the uncut output decides for both. Errors: kInvalidArgument for a label that is no
/// class, kInternal where the two outputs differ in shape; those of output_kind().
Result<SampleScore> score_output(const Tensor& output, const Tensor* uncut,
                                 std::optional<std::int64_t> label);

/// What PSNRs are relative to.
struct Peak {
  double value = 0;
  bool is_range = true;  ///< of all uncut outputs; else it is that of 8-bit pictures, 255
};

/// Scores over samples; what no sample could tell is absent.
struct AccuracyReport {
  std::size_t samples = 0;
  std::optional<Estimate> top1;
  std::optional<Estimate> top5;
  std::optional<Estimate> agreement;
  std::optional<Estimate> kl_nats;
  std::optional<Estimate> psnr_db;  ///< mean over the samples whose pictures differ at all
  std::optional<Peak> psnr_peak;
  std::size_t equal_pictures = 0;  ///< those that do not, whose PSNR is infinite
};

/// Adds scores up. A plain value; not thread-safe.
class Accuracy {
 public:
  void add(const SampleScore& score);
  AccuracyReport report() const;

 private:
  struct Share {
    std::size_t hits = 0;
    std::size_t samples = 0;
    void add(const std::optional<bool>& hit);
    std::optional<Estimate> estimate() const;
  };
  void add_picture(const SampleScore& score);
  Peak peak() const;

  std::size_t samples_ = 0;
  Share top1_, top5_, agreement_;
  Mean kl_nats_;
  /// Of 10·log10(squared error): the peak, known at the end, only moves it.
  Mean error_db_;
  std::size_t equal_ = 0;
  Mean byte_share_;
  double lowest_ = std::numeric_limits<double>::infinity();
  double highest_ = -std::numeric_limits<double>::infinity();
};

}  // namespace cleave::study
