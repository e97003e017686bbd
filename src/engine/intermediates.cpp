#include "engine/intermediates.h"

#include <set>

namespace cleave::engine {

Result<std::map<std::string, Tensor>> intermediate_values(const graph::Model& model, Engine& engine,
                                                          const EngineOptions& options,
                                                          const std::vector<Tensor>& inputs) {
  CLEAVE_CHECK(check_inputs(model.inputs(), inputs));
  std::map<std::string, Tensor> values;
  std::vector<std::string> input_names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    input_names.push_back(model.inputs()[i].name);
    values.insert_or_assign(input_names.back(), inputs[i]);
  }
  // What is known to be a tensor, or crosses some cut: the rest may be a sequence or a type that no
  // tensor here can hold.
  std::set<std::string> wanted;
  for (const graph::Layer& layer : model.layers()) {
    for (const TensorSpec& out : layer.outputs)
      if (out.byte_size()) wanted.insert(out.name);
  }
  for (const graph::Cut& cut : model.cuts()) {
    for (const TensorSpec& value : cut.values)
      if (!values.contains(value.name)) wanted.insert(value.name);
  }
  const std::vector<std::string> output_names(wanted.begin(), wanted.end());
  const std::string bytes = CLEAVE_TRY(model.extract(input_names, output_names));
  const auto session = CLEAVE_TRY(engine.compile(bytes, options));
  std::vector<Tensor> computed = CLEAVE_TRY(session->run(inputs));
  for (std::size_t i = 0; i < computed.size(); ++i) {
    values.insert_or_assign(output_names[i], std::move(computed[i]));
  }
  return values;
}

}  // namespace cleave::engine
