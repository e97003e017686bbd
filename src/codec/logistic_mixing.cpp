#include "codec/logistic_mixing.h"

#include <cmath>

namespace cleave::codec {
namespace {

constexpr int kLogits = 2 * kMaxLogit + 1;
constexpr int kBuckets = LogisticTables::kBuckets;

/// 65536 / (1 + exp(-logit / 256)). The exponentials are powers by repeated multiplication, which
/// rounds alike on every machine; a C library's exp need not.
std::array<std::uint16_t, kLogits> make_probabilities() noexcept {
  constexpr double kStep = 1.0039138893383475734;  // exp(1 / 256)
  std::array<std::uint16_t, kLogits> table;
  double power = 1;
  for (int logit = 0; logit <= kMaxLogit; ++logit) {
    const double one = 65536.0 * power / (1 + power);
    table[kMaxLogit + logit] = static_cast<std::uint16_t>(one);
    table[kMaxLogit - logit] = static_cast<std::uint16_t>(65536 - static_cast<int>(one));
    power *= kStep;
  }
  table[kMaxLogit] = 1 << 15;
  return table;
}

/// For each sixteenth of a per mille or so of probability, the logit whose probability comes next.
std::array<std::int16_t, kBuckets> make_logits(
    std::span<const std::uint16_t> probabilities) noexcept {
  std::array<std::int16_t, kBuckets> table;
  int logit = -kMaxLogit;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    const int middle = bucket * 16 + 8;
    while (logit < kMaxLogit && probabilities[kMaxLogit + logit] < middle) ++logit;
    table[bucket] = static_cast<std::int16_t>(logit);
  }
  return table;
}

std::array<float, kBuckets> make_costs() noexcept {
  std::array<float, kBuckets> costs;
  for (int i = 0; i < kBuckets; ++i)
    costs[i] = static_cast<float>(-std::log2((i + 0.5) / kBuckets));
  return costs;
}

/// 65536 / (n + 1.6) for the n-th bit.
std::array<std::uint16_t, kMostSeen + 1> make_paces() noexcept {
  std::array<std::uint16_t, kMostSeen + 1> paces;
  for (std::size_t n = 0; n < paces.size(); ++n)
    paces[n] = static_cast<std::uint16_t>(655360 / (10 * n + 16));
  return paces;
}

constexpr int kStoredLogit = 64;
/// How many bits each class of a stored statistic counts as.
constexpr std::array<std::uint8_t, 4> kStoredSeen{0, 4, 16, 60};

}  // namespace

const LogisticTables kLogistic = []() noexcept {
  LogisticTables tables;
  tables.probabilities = make_probabilities();
  tables.logits = make_logits(tables.probabilities);
  tables.costs = make_costs();
  tables.paces = make_paces();
  return tables;
}();

std::uint8_t BitStatistics::stored() const {
  const auto seen_class = std::ranges::upper_bound(kStoredSeen, seen) - kStoredSeen.begin() - 1;
  const int half = one < (1 << 15) ? -kStoredLogit / 2 : kStoredLogit / 2;
  const int logit = seen_class == 0 ? 0 : (logit_of(one) + half) / kStoredLogit;
  return static_cast<std::uint8_t>((std::clamp(logit, -32, 31) + 32) << 2 | seen_class);
}

BitStatistics BitStatistics::loaded(std::uint8_t byte) {
  const int logit = std::max(((byte >> 2) - 32) * kStoredLogit, -kMaxLogit);
  return {static_cast<std::uint16_t>(probability_of(logit)), kStoredSeen[byte & 3]};
}

}  // namespace cleave::codec
