#include "base/random_tensor.h"

#include <algorithm>

#include "base/random.h"

namespace cleave {

std::vector<Tensor> random_tensors(const std::vector<TensorSpec>& specs, std::uint64_t seed) {
  Random random(seed);
  std::vector<Tensor> tensors;
  for (const TensorSpec& spec : specs) {
    Tensor t(spec.dtype, spec.shape);
    std::ranges::fill(t.bytes(), std::byte{0});
    if (spec.dtype == DType::kF32) {
      for (float& value : t.as<float>()) value = static_cast<float>(random.normal());
    } else if (spec.dtype == DType::kF64) {
      for (double& value : t.as<double>()) value = random.normal();
    }
    tensors.push_back(std::move(t));
  }
  return tensors;
}

}  // namespace cleave
