#include "reproduce/probe.h"

#include <set>
#include <span>

namespace cleave::reproduce {

Result<Probe> Probe::create(const graph::Model& model, const std::vector<std::string>& values,
                            engine::Engine& engine) {
  if (model.inputs().size() != 1) {
    return fail(ErrorCode::kUnsupported, "reproduce.probe",
                "the network has " + std::to_string(model.inputs().size()) + " inputs, expected 1");
  }
  Probe probe;
  probe.input_ = model.inputs().front().name;
  for (const std::string& value : values)
    if (value != probe.input_) probe.values_.push_back(value);
  const std::string bytes = CLEAVE_TRY(model.extract({probe.input_}, probe.values_));
  probe.session_ = CLEAVE_TRY(engine.compile(bytes, {}));
  return probe;
}

Result<std::map<std::string, Tensor>> Probe::run(Tensor input) {
  std::vector<Tensor> computed = CLEAVE_TRY(session_->run(std::span(&input, 1)));
  std::map<std::string, Tensor> values;
  for (std::size_t i = 0; i < computed.size(); ++i)
    values.emplace(values_[i], std::move(computed[i]));
  values.emplace(input_, std::move(input));
  return values;
}

std::vector<std::string> crossing_values(const graph::Model& model) {
  std::set<std::string> names;
  for (const graph::Cut& cut : model.cuts())
    for (const TensorSpec& value : cut.values) names.insert(value.name);
  return {names.begin(), names.end()};
}

}  // namespace cleave::reproduce
