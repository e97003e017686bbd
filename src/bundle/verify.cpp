#include <algorithm>
#include <cmath>

#include "bundle/bundle.h"
#include "bundle/tolerance.h"

namespace cleave::bundle {
namespace {

constexpr std::string_view kPlace = "bundle.verify";

const Tensor* find(const std::vector<TensorSpec>& specs, const std::vector<Tensor>& tensors,
                   std::string_view name) {
  const auto it = std::ranges::find(specs, name, &TensorSpec::name);
  return it == specs.end() ? nullptr : &tensors[static_cast<std::size_t>(it - specs.begin())];
}

Result<void> run_and_compare(engine::Session& session, const std::vector<Tensor>& inputs,
                             const std::vector<TensorSpec>& outputs,
                             const std::vector<Tensor>& expected, std::string_view half,
                             engine::Precision precision) {
  const std::vector<Tensor> found = CLEAVE_TRY(session.run(inputs));
  if (found.size() != expected.size()) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "the " + std::string(half) + " has " + std::to_string(found.size()) +
                    " outputs, expected " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = relative_difference(found[i], expected[i]);
    const double allowed = tolerance(expected[i].dtype(), precision);
    if (difference <= allowed) continue;
    return fail(ErrorCode::kCorrupt, kPlace,
                "the " + std::string(half) + "'s output '" + outputs[i].name +
                    "' differs from the check vector by " + std::to_string(difference) +
                    " of its range, expected at most " + std::to_string(allowed));
  }
  return {};
}

}  // namespace

Result<void> verify_head(engine::Session& head, const CutEntry& cut, const Manifest& manifest,
                         const CheckVector& check, engine::Precision precision) {
  std::vector<Tensor> inputs;
  for (const TensorSpec& in : cut.head_inputs)
    inputs.push_back(*find(manifest.inputs, check.inputs, in.name));
  return run_and_compare(head, inputs, cut.head_outputs, check.head_outputs, "head", precision);
}

Result<void> verify_tail(engine::Session& tail, const CutEntry& cut, const CheckVector& check,
                         engine::Precision precision) {
  return run_and_compare(tail, check.crossing, cut.tail_outputs, check.tail_outputs, "tail",
                         precision);
}

}  // namespace cleave::bundle
