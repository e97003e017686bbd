#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cleave::data {

/// 0 to count - 1.
std::vector<std::size_t> in_order(std::size_t count);

/// The same in an order that the seed decides (Fisher and Yates), the same on every machine.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed);

/// Two parts of a set that share no element.
struct Halves {
  std::vector<std::size_t> calibration;  ///< the smaller one where the count is odd
  std::vector<std::size_t> scoring;
};
/// The first and the second half of shuffled(): what is calibrated on one may be scored on the
/// other.
Halves shuffled_halves(std::size_t count, std::uint64_t seed);

}  // namespace cleave::data
