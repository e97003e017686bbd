// Loader of ONNX networks: any bytes give a network or an error, within bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/model.h"
#include "graph/shared_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  cleave::graph::SharedWeights weights("weights.bin");
  (void)weights.move_out(bytes).has_value();
  (void)cleave::graph::with_weights_inside(bytes, "/nonexistent", "weights.bin").has_value();
  const auto model = cleave::graph::Model::parse(bytes);
  if (!model) return 0;
  for (const auto& cut : model->cuts()) {
    // A loaded network's halves are of a piece with it; each may only fail cleanly.
    if (cut.index > 4) break;
    (void)model->head(cut).has_value();
    (void)model->tail(cut).has_value();
  }
  return 0;
}
