#include "study/schedule_dot.h"

#include <fmt/format.h>

#include <map>

namespace cleave::study {
namespace {

constexpr std::string_view kDeviceColor = "#fde0b2";
constexpr std::string_view kCloudColor = "#c6dbef";

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// Where each layer runs, by position, in training its forward pass; the device where there is no
/// schedule.
std::vector<plan::Side> sides_of(std::size_t layers,
                                 const std::vector<plan::ScheduledGroup>& groups) {
  std::vector<plan::Side> sides(layers, plan::Side::kDevice);
  for (const plan::ScheduledGroup& g : groups)
    for (int i = g.first; i <= g.last && i <= static_cast<int>(layers); ++i)
      sides[static_cast<std::size_t>(i) - 1] = g.side;
  return sides;
}

std::string edge(std::string_view from, std::string_view to, const TensorSpec& value,
                 bool crosses) {
  if (!crosses) return fmt::format("  {} -> {};\n", in_quotes(from), in_quotes(to));
  const auto bytes = value.byte_size();
  return fmt::format("  {} -> {} [penwidth=3, label={}];\n", in_quotes(from), in_quotes(to),
                     in_quotes(bytes ? fmt::format("{} B", *bytes) : value.name));
}

}  // namespace

std::string schedule_dot(const graph::Model& model,
                         const std::vector<plan::ScheduledGroup>& groups) {
  const std::vector<plan::Side> sides = sides_of(model.layers().size(), groups);
  std::map<std::string, std::size_t> makers;
  std::string text = "digraph network {\n  node [shape=box, style=filled, fillcolor=white];\n";
  for (const TensorSpec& input : model.inputs())
    text += fmt::format("  {} [shape=oval];\n", in_quotes("input " + input.name));
  for (std::size_t i = 0; i < model.layers().size(); ++i) {
    const graph::Layer& layer = model.layers()[i];
    const std::string_view color = groups.empty()                    ? "white"
                                   : sides[i] == plan::Side::kDevice ? kDeviceColor
                                                                     : kCloudColor;
    text += fmt::format("  {} [label={}, fillcolor=\"{}\"];\n", in_quotes(layer.name),
                        in_quotes(fmt::format("{} {}\n{}", i + 1, layer.name, layer.op)), color);
    for (const TensorSpec& in : layer.inputs) {
      const auto maker = makers.find(in.name);
      const bool made = maker != makers.end();
      const plan::Side from = made ? sides[maker->second] : plan::Side::kDevice;
      text += edge(made ? model.layers()[maker->second].name : "input " + in.name, layer.name, in,
                   from != sides[i]);
    }
    for (const TensorSpec& out : layer.outputs) makers[out.name] = i;
  }
  for (const TensorSpec& output : model.outputs()) {
    const auto maker = makers.find(output.name);
    if (maker == makers.end()) continue;
    text += fmt::format("  {} [shape=oval];\n", in_quotes("output " + output.name));
    text += edge(model.layers()[maker->second].name, "output " + output.name, output,
                 sides[maker->second] != plan::Side::kDevice);
  }
  return text + "}\n";
}

}  // namespace cleave::study
