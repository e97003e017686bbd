#include "edge/answer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/labels.h"

namespace cleave::edge {
namespace {

constexpr std::string_view kPlace = "edge.answer";
// Scores that add up to 1 within this are a distribution already.
constexpr float kDistributionTolerance = 1e-3F;

bool fits(const Shape& found, const Shape& expected) {
  return std::ranges::equal(found, expected, [](auto f, auto e) { return e == -1 || f == e; });
}

Result<Tensor> take(const TensorSpec& expected, const wire::InferResponse& response) {
  const auto it = std::ranges::find(response.outputs, expected.name, &wire::WireTensor::name);
  if (it == response.outputs.end()) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "the server's answer has no output '" + expected.name + "'");
  }
  if (it->datatype != wire::datatype_of(expected.dtype) || !fits(it->shape, expected.shape)) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "the server's output '" + expected.name + "' is " + it->datatype + " " +
                    shape_text(it->shape) + ", expected " +
                    std::string(wire::datatype_of(expected.dtype)) + " " +
                    shape_text(expected.shape));
  }
  return wire::from_wire(*it);
}

bool is_distribution(std::span<const float> scores) {
  const bool in_range = std::ranges::all_of(scores, [](float s) { return s >= 0 && s <= 1; });
  const float sum = std::accumulate(scores.begin(), scores.end(), 0.0F);
  return in_range && std::abs(sum - 1) < kDistributionTolerance;
}

}  // namespace

Result<std::vector<Tensor>> join_outputs(std::span<const TensorSpec> outputs,
                                         std::vector<NamedTensor> local,
                                         std::span<const TensorSpec> remote,
                                         const wire::InferResponse& response) {
  for (const TensorSpec& expected : remote) {
    Tensor tensor = CLEAVE_TRY(take(expected, response));
    local.push_back({expected.name, std::move(tensor)});
  }
  std::vector<Tensor> joined;
  for (const TensorSpec& output : outputs) {
    const auto it = std::ranges::find(local, output.name, &NamedTensor::name);
    if (it == local.end()) {
      return fail(ErrorCode::kCorrupt, kPlace, "nobody made output '" + output.name + "'");
    }
    joined.push_back(std::move(it->tensor));
  }
  return joined;
}

std::optional<TopClass> top_class(std::span<const Tensor> outputs,
                                  std::span<const std::string> labels) {
  if (outputs.size() != 1 || outputs[0].dtype() != DType::kF32) return std::nullopt;
  const Tensor& scores = outputs[0];
  const auto not_one = std::ranges::count_if(scores.shape(), [](auto d) { return d != 1; });
  if (not_one != 1 || scores.elements() < 2) return std::nullopt;
  const auto classes = static_cast<std::size_t>(scores.elements());
  if (!labels.empty() && labels.size() != classes) return std::nullopt;
  const auto best = data::top_k(scores, 1);
  if (!best) return std::nullopt;

  TopClass top;
  top.index = best->front().index;
  const auto at = static_cast<std::size_t>(top.index);
  if (!labels.empty()) top.label = labels[at];
  const auto values = scores.as<float>();
  top.score = is_distribution(values) ? values[at] : data::softmax(values)[at];
  return top;
}

}  // namespace cleave::edge
