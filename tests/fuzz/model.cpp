// Loader of ONNX networks: any bytes give a network or an error, within bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto model =
      cleave::graph::Model::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!model) return 0;
  for (const auto& cut : model->cuts()) {
    // A loaded network's halves are of a piece with it; each may only fail cleanly.
    if (cut.index > 4) break;
    (void)model->head(cut).has_value();
    (void)model->tail(cut).has_value();
  }
  return 0;
}
