#include "train/operators.h"

#include <map>

namespace cleave::train {

const Operator* find_operator(std::string_view name) {
  static const auto kByName = [] {
    std::map<std::string_view, const Operator*> rows;
    for (const auto& table :
         {arithmetic_operators(), activation_operators(), convolution_operators(),
          pooling_operators(), normalization_operators(), matrix_operators(), reduction_operators(),
          shape_operators(), indexing_operators(), resize_operators()})
      for (const Operator& row : table) rows.emplace(row.name, &row);
    return rows;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

std::vector<std::int64_t> integers_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU, at::kLong).contiguous().reshape({-1});
  const auto* data = flat.data_ptr<std::int64_t>();
  return {data, data + flat.numel()};
}

void check_size(at::IntArrayRef shape) {
  constexpr std::int64_t kMostElements = std::int64_t{1} << 28;
  std::int64_t elements = 1;
  for (const std::int64_t d : shape)
    TORCH_CHECK(
        d >= 0 && !__builtin_mul_overflow(elements, d, &elements) && elements <= kMostElements,
        "a tensor of shape ", shape, ", expected at most ", kMostElements, " elements");
}

void check_growth(at::IntArrayRef shape, const at::Tensor& a, const at::Tensor& b) {
  std::int64_t elements = 1;
  for (const std::int64_t d : shape)
    if (__builtin_mul_overflow(elements, d, &elements)) elements = -1;
  if (elements < 0 || elements > std::max(a.numel(), b.numel())) check_size(shape);
}

std::int64_t positive_axis(std::int64_t axis, std::int64_t rank) {
  TORCH_CHECK(axis >= -rank && axis < rank, "axis ", axis, " of a tensor of rank ", rank);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace cleave::train
