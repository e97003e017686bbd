#include "search/ranking.h"

#include <algorithm>
#include <cmath>

namespace cleave::search {
namespace {

/// What full training is taken to leave of a proxy's loss while nobody knows.
constexpr double kFirstGuess = 0.5;

bool same_cut(const Record& a, const Record& b) { return a.candidate.cut == b.candidate.cut; }

bool beats(const Record& a, const Record& b) {
  const bool as_good = a.proxy->loss() <= b.proxy->loss();
  const bool as_small = a.proxy->payload_bytes <= b.proxy->payload_bytes;
  const bool better =
      a.proxy->loss() < b.proxy->loss() || a.proxy->payload_bytes < b.proxy->payload_bytes;
  return same_cut(a, b) && as_good && as_small && better;
}

bool is_settled(std::span<const Record> records, std::span<const double> costs, std::size_t i,
                double floor) {
  if (records[i].full || !records[i].failure.empty()) return true;
  for (std::size_t k = 0; k < records.size(); ++k) {
    const Record& other = records[k];
    if (!other.full || !same_cut(other, records[i])) continue;
    const bool is_within = other.full->is_within(floor);
    if (is_within ? costs[k] <= costs[i] : other.proxy->loss() <= records[i].proxy->loss())
      return true;
  }
  return false;
}

}  // namespace

std::vector<std::size_t> undominated(std::span<const Record> records) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto counts = [](const Record& record) { return record.proxy && record.failure.empty(); };
    if (!counts(records[i])) continue;
    const bool is_beaten = std::ranges::any_of(
        records, [&](const Record& other) { return counts(other) && beats(other, records[i]); });
    if (!is_beaten) front.push_back(i);
  }
  return front;
}

double remaining_share(std::span<const Record> records) {
  double sum = kFirstGuess;
  int count = 1;
  for (const Record& record : records) {
    if (!record.proxy || !record.full || record.proxy->loss() <= 0) continue;
    sum += std::clamp(record.full->loss() / record.proxy->loss(), 0.0, 1.0);
    ++count;
  }
  return sum / count;
}

std::optional<std::size_t> next_to_train(std::span<const Record> records,
                                         std::span<const std::size_t> among,
                                         std::span<const double> costs, double floor) {
  const double share = remaining_share(records);
  std::optional<std::size_t> cheapest;
  std::optional<std::size_t> most_likely;
  for (const std::size_t i : among) {
    if (is_settled(records, costs, i, floor)) continue;
    const double loss = records[i].proxy->loss();
    if (share * loss <= floor && (!cheapest || costs[i] < costs[*cheapest])) cheapest = i;
    if (!most_likely || loss < records[*most_likely].proxy->loss()) most_likely = i;
  }
  return cheapest ? cheapest : most_likely;
}

std::optional<double> kendall_tau(std::span<const Record> records) {
  std::int64_t balance = 0;
  std::int64_t of_proxies = 0;
  std::int64_t of_full = 0;
  const auto sign = [](double x) { return (x > 0) - (x < 0); };
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!records[i].proxy || !records[i].full || !records[k].proxy || !records[k].full) continue;
      const std::int64_t proxy = sign(records[i].proxy->loss() - records[k].proxy->loss());
      const std::int64_t full = sign(records[i].full->loss() - records[k].full->loss());
      balance += proxy * full;
      of_proxies += proxy * proxy;
      of_full += full * full;
    }
  }
  if (of_proxies == 0 || of_full == 0) return std::nullopt;
  return static_cast<double>(balance) /
         std::sqrt(static_cast<double>(of_proxies) * static_cast<double>(of_full));
}

}  // namespace cleave::search
