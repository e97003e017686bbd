#include "engines.h"

#include <string>
#include <vector>

#include "base/spec.h"
#include "engine/openvino_engine.h"

namespace cleave::app {
namespace {

struct EngineRow {
  std::string_view name;
  std::unique_ptr<engine::Engine> (*make)();
};

/// Every engine there is. The one place to add one.
constexpr EngineRow kEngines[] = {
    {"openvino", engine::make_openvino_engine},
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
