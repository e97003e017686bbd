#pragma once

#include <cstddef>

namespace cleave::study {

/// A figure over samples, and the interval that holds the true one with a confidence of 95 %.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
  std::size_t samples = 0;
};

/// The share of samples that hit, in 0..1, with Wilson's score interval, which unlike the normal
/// one holds for few samples and for shares near 0 and 1:
///   (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)
/// (E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22,
/// 1927). samples >= hits and samples >= 1.
Estimate share(std::size_t hits, std::size_t samples);

/// The standard error of a mean, from its interval.
double standard_error(const Estimate& mean);

/// The mean of values, with the normal interval: mean ± z s/√n, s² the unbiased variance. Welford's
/// sums, so that no digits are lost. Not thread-safe.
class Mean {
 public:
  void add(double value);
  std::size_t samples() const { return samples_; }
  /// After one value or more; one value alone has an infinite interval.
  Estimate estimate() const;

 private:
  std::size_t samples_ = 0;
  double mean_ = 0;
  double squares_ = 0;  ///< of the distances from the mean
};

}  // namespace cleave::study
