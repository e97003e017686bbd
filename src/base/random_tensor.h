#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace cleave {

/// A seeded input for a network when there is no real one: one tensor per spec, whose shapes must
/// be known. Floating point numbers are normal, other types zero (an index of zero is always
/// valid).
std::vector<Tensor> random_tensors(const std::vector<TensorSpec>& specs, std::uint64_t seed);

}  // namespace cleave
