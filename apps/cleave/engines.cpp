#include "engines.h"

#include <string>
#include <vector>

#include "base/spec.h"
#include "engine/openvino_engine.h"
#include "torch.h"

namespace cleave::app {
namespace {

struct EngineRow {
  std::string_view name;
  Result<std::unique_ptr<engine::Engine>> (*make)();
};

Result<std::unique_ptr<engine::Engine>> make_openvino_engine() {
  return engine::make_openvino_engine();
}

/// Every engine there is. The one place to add one.
constexpr EngineRow kEngines[] = {
    {"openvino", make_openvino_engine},
    {"torch", make_torch_engine},
};

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_engine(std::string_view name) {
  std::vector<std::string> known;
  for (const EngineRow& row : kEngines) {
    if (row.name == name) return row.make();
    known.emplace_back(row.name);
  }
  return std::unexpected(unknown_name("engine", "engine", name, known));
}

}  // namespace cleave::app
