#include "data/subset.h"

#include <numeric>
#include <utility>

#include "base/random.h"

namespace cleave::data {

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order = in_order(count);
  Random random(seed);
  for (std::size_t left = count; left > 1; --left)
    std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

Halves shuffled_halves(std::size_t count, std::uint64_t seed) {
  const std::vector<std::size_t> order = shuffled(count, seed);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count / 2);
  return {{order.begin(), middle}, {middle, order.end()}};
}

}  // namespace cleave::data
