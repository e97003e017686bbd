#include "edge/frame.h"

namespace cleave::edge {

std::string_view stage_name(Stage stage) {
  static constexpr std::array<std::string_view, kStageCount> kNames{
      "prepare", "lost", "head", "encode", "up", "queue", "decode", "tail", "down"};
  return kNames[static_cast<std::size_t>(stage)];
}

}  // namespace cleave::edge
