#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/arithmetic_coder.h"

/// Predicting one bit from several contexts at once: each context has a probability that learns,
/// and their logits are added up with weights that learn too (logistic mixing, as in Mahoney's
/// PAQ; the arithmetic here is ours, all in integers).
namespace cleave::codec {

inline constexpr int kMaxLogit = 2047;
/// Bits after which a BitStatistics keeps its pace.
inline constexpr int kMostSeen = 160;

/// Tables of the functions below, the same on every machine but for the costs.
struct LogisticTables {
  static constexpr int kBuckets = 4096;
  std::array<std::uint16_t, 2 * kMaxLogit + 1> probabilities;
  std::array<std::int16_t, kBuckets> logits;
  std::array<float, kBuckets> costs;
  std::array<std::uint16_t, kMostSeen + 1> paces;
};
extern const LogisticTables kLogistic;

/// ln(p / (1 - p)) in 1/256, for p in 1/65536; within ±kMaxLogit.
inline int logit_of(Probability one) { return kLogistic.logits[one >> 4]; }
/// The reverse, for logits within ±kMaxLogit: 22 to 65514.
inline Probability probability_of(int logit) { return kLogistic.probabilities[kMaxLogit + logit]; }
/// Bits that coding a zero or a one takes, for choices of an encoder.
inline float cost_bits(bool bit, Probability one) {
  return kLogistic.costs[(bit ? one : 65535 - one) >> 4];
}

/// A probability that learns from the bits seen, the faster the fewer they were.
struct BitStatistics {
  std::uint16_t one = 1 << 15;  ///< in 1/65536
  std::uint8_t seen = 0;

  void learn(bool bit) {
    const std::int32_t towards = (bit ? 65535 : 0) - static_cast<std::int32_t>(one);
    const std::int64_t step = towards * static_cast<std::int64_t>(kLogistic.paces[seen]);
    one = static_cast<std::uint16_t>(one + (step >> 16));
    if (seen < kMostSeen) ++seen;
  }

  /// One byte: the logit in steps of 1/4, and a class of how many bits were seen. What that loses
  /// is 0.03 % of the bits.
  std::uint8_t stored() const;
  /// Of any byte; seen so few bits that it still learns.
  static BitStatistics loaded(std::uint8_t byte);
};

/// Weights of a mixing, in 1/65536.
template <std::size_t kCount>
using MixWeights = std::array<std::int32_t, kCount>;

/// A prediction by kCount contexts, kept from predicting to learning. Plain value.
template <std::size_t kCount>
class Mixing {
 public:
  /// The probability of a one by these contexts and weights, which must outlive it.
  Probability predict(const std::array<BitStatistics*, kCount>& contexts,
                      MixWeights<kCount>& weights) {
    contexts_ = contexts;
    weights_ = &weights;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      logits_[i] = logit_of(contexts[i]->one);
      sum += static_cast<std::int64_t>(logits_[i]) * weights[i];
    }
    const auto logit = static_cast<int>(std::clamp<std::int64_t>(sum >> 16, -kMaxLogit, kMaxLogit));
    one_ = probability_of(logit);
    return one_;
  }
  Probability one() const { return one_; }

  /// Moves weights and contexts towards the bit that came.
  void learn(bool bit) {
    constexpr int kPace = 18;  // ours: a shift, found by trying
    constexpr std::int32_t kLargestWeight = 1 << 20;
    const std::int32_t error = (bit ? 65535 : 0) - static_cast<std::int32_t>(one_);
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::int64_t step = (static_cast<std::int64_t>(logits_[i]) * error * 6) >> kPace;
      (*weights_)[i] = static_cast<std::int32_t>(
          std::clamp<std::int64_t>((*weights_)[i] + step, -kLargestWeight, kLargestWeight));
      contexts_[i]->learn(bit);
    }
  }

 private:
  std::array<BitStatistics*, kCount> contexts_{};
  MixWeights<kCount>* weights_ = nullptr;
  std::array<int, kCount> logits_{};
  Probability one_ = 1 << 15;
};

}  // namespace cleave::codec
