#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "search/record.h"

namespace cleave::search {

/// Those with a proxy's score that no other of the same cut beats: none loses as little in as few
/// bytes. Those whose training failed are not among them and beat nobody. In the records' order.
std::vector<std::size_t> undominated(std::span<const Record> records);

/// The share of a proxy's loss that is left after full training: the mean over the records that
/// have both, with one made-up record of a half among them, so that a beginning has an answer.
double remaining_share(std::span<const Record> records);

/// Which of `among` to train fully next, `costs` being what the plan makes of each record; nothing
/// when all are settled. That is the cheapest of those whose loss is expected within the floor,
/// else the one that is expected to lose least. Settled is what has been trained or failed to be,
/// what a cheaper one of its cut that is within the floor makes needless, and what cannot do where
/// one of its cut with a better proxy did not.
std::optional<std::size_t> next_to_train(std::span<const Record> records,
                                         std::span<const std::size_t> among,
                                         std::span<const double> costs, double floor);

/// Kendall's rank correlation of proxies' losses with those after full training, τ-b: 1 where the
/// order is the same, -1 where it is the other way round. Nothing for fewer than two different ones
/// of each.
std::optional<double> kendall_tau(std::span<const Record> records);

}  // namespace cleave::search
