#include "trained_network.h"

#include "engine/type_inference.h"

namespace cleave::bench {

Result<graph::Model> trained_network(const std::filesystem::path& folder, const std::string& name,
                                     engine::Engine& engine) {
  graph::LoadOptions load;
  load.infer = engine::type_inference(engine);
  return graph::Model::load(folder / "models" / (name + ".onnx"), load);
}

Result<data::Preprocess> picture_input(const graph::Model& model) {
  const TensorSpec& input = model.inputs().front();
  if (const auto preprocess = data::Preprocess::guess(input)) return *preprocess;
  return fail(ErrorCode::kUnsupported, "bench",
              "input '" + input.name + "' of shape " + shape_text(input.shape) +
                  " is no picture, expected one");
}

}  // namespace cleave::bench
