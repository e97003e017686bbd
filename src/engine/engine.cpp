#include "engine/engine.h"

#include "base/spec.h"

namespace cleave::engine {
namespace {

constexpr std::string_view kPlace = "engine";

}  // namespace

Result<Precision> parse_precision(std::string_view text) {
  if (text == "f32") return Precision::kF32;
  if (text == "bf16") return Precision::kBf16;
  return std::unexpected(unknown_name(kPlace, "precision", text, {"f32", "bf16"}));
}

Result<Hint> parse_hint(std::string_view text) {
  if (text == "latency") return Hint::kLatency;
  if (text == "throughput") return Hint::kThroughput;
  return std::unexpected(unknown_name(kPlace, "hint", text, {"latency", "throughput"}));
}

std::string_view precision_name(Precision precision) {
  return precision == Precision::kF32 ? "f32" : "bf16";
}
std::string_view hint_name(Hint hint) { return hint == Hint::kLatency ? "latency" : "throughput"; }

bool shape_fits(const Shape& expected, const Shape& found) {
  if (expected.size() != found.size()) return false;
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (expected[i] >= 0 && expected[i] != found[i]) return false;
  return true;
}

Result<void> check_inputs(std::span<const TensorSpec> expected, std::span<const Tensor> found) {
  if (expected.size() != found.size()) {
    return fail(
        ErrorCode::kInvalidArgument, kPlace,
        std::to_string(found.size()) + " inputs, expected " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i].dtype == found[i].dtype() && shape_fits(expected[i].shape, found[i].shape()))
      continue;
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "input '" + expected[i].name + "' is " + std::string(dtype_name(found[i].dtype())) +
                    " " + shape_text(found[i].shape()) + ", expected " +
                    std::string(dtype_name(expected[i].dtype)) + " " +
                    shape_text(expected[i].shape));
  }
  return {};
}

}  // namespace cleave::engine
