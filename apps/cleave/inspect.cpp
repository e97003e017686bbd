// cleave inspect: layers, what they cost, and every cut with its size.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/json.h"
#include "model_args.h"
#include "units.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Options {
  ModelArgs model;
  bool json = false;
};

Json to_json(const TensorSpec& spec) {
  return {{"name", spec.name}, {"dtype", dtype_name(spec.dtype)}, {"shape", spec.shape}};
}

Json to_json(const std::vector<TensorSpec>& specs) {
  Json list = Json::array();
  for (const TensorSpec& spec : specs) list.push_back(to_json(spec));
  return list;
}

Json to_json(const std::optional<std::int64_t>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json to_json(const graph::Layer& layer, std::size_t index) {
  return {{"index", index},
          {"name", layer.name},
          {"op", layer.op},
          {"inputs", to_json(layer.inputs)},
          {"outputs", to_json(layer.outputs)},
          {"macs", layer.macs},
          {"parameters", layer.parameters},
          {"parameter_bytes", layer.parameter_bytes},
          {"output_bytes", to_json(layer.output_bytes)}};
}

Json to_json(const graph::Cut& cut) {
  return {{"index", cut.index},
          {"single", cut.single()},
          {"bytes", to_json(cut.bytes)},
          {"values", to_json(cut.values)},
          {"head_outputs", cut.head_outputs},
          {"head_macs", cut.head_macs},
          {"tail_macs", cut.tail_macs}};
}

Json to_json(const graph::Model& model) {
  Json layers = Json::array();
  for (const graph::Layer& layer : model.layers()) layers.push_back(to_json(layer, layers.size()));
  Json cuts = Json::array();
  for (const graph::Cut& cut : model.cuts()) cuts.push_back(to_json(cut));
  const graph::Totals& totals = model.totals();
  return {{"format", "cleave-inspect/1"},
          {"name", model.name()},
          {"inputs", to_json(model.inputs())},
          {"outputs", to_json(model.outputs())},
          {"layers", std::move(layers)},
          {"cuts", std::move(cuts)},
          {"totals",
           {{"macs", totals.macs},
            {"parameters", totals.parameters},
            {"parameter_bytes", totals.parameter_bytes}}}};
}

std::string specs_text(const std::vector<TensorSpec>& specs) {
  constexpr std::size_t kMaxListed = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(specs.size(), kMaxListed); ++i) {
    const TensorSpec& spec = specs[i];
    text += fmt::format("{}{} {} {}", i == 0 ? "" : ", ", spec.name, dtype_name(spec.dtype),
                        shape_text(spec.shape));
  }
  return specs.size() > kMaxListed ? fmt::format("{} and {} more", text, specs.size() - kMaxListed)
                                   : text;
}

std::string shapes_text(const std::vector<TensorSpec>& specs) {
  std::string text;
  for (const TensorSpec& spec : specs) text += (text.empty() ? "" : ", ") + shape_text(spec.shape);
  return text;
}

std::string size_text(const std::optional<std::int64_t>& bytes) {
  return bytes ? bytes_text(static_cast<double>(*bytes)) : "?";
}

void print_layers(const graph::Model& model) {
  std::size_t name_width = 4;
  std::size_t op_width = 8;
  for (const graph::Layer& layer : model.layers()) {
    name_width = std::max(name_width, layer.name.size());
    op_width = std::max(op_width, layer.op.size());
  }
  const auto row = [&](const auto& index, std::string_view name, std::string_view op,
                       std::string_view macs, std::string_view parameters, std::string_view bytes,
                       std::string_view output) {
    fmt::print("{:>5}  {:<{}}  {:<{}}  {:>8}  {:>8}  {:>9}  {}\n", index, name, name_width, op,
               op_width, macs, parameters, bytes, output);
  };
  row("layer", "name", "operator", "MACs", "params", "out bytes", "output shape");
  for (std::size_t i = 0; i < model.layers().size(); ++i) {
    const graph::Layer& layer = model.layers()[i];
    row(i, layer.name, layer.op, count_text(static_cast<double>(layer.macs)),
        count_text(static_cast<double>(layer.parameters)), size_text(layer.output_bytes),
        shapes_text(layer.outputs));
  }
}

void print_cuts(const graph::Model& model) {
  fmt::print("\n{:>5}  {:>9}  {:>8}  {}\n", "cut", "size", "MACs up",
             "values that cross (* = a single one)");
  for (const graph::Cut& cut : model.cuts()) {
    fmt::print("{:>4}{}  {:>9}  {:>8}  {}\n", cut.index, cut.single() ? '*' : ' ',
               size_text(cut.bytes), count_text(static_cast<double>(cut.head_macs)),
               specs_text(cut.values));
  }
}

void print_table(const graph::Model& model) {
  for (const TensorSpec& spec : model.inputs()) fmt::print("input   {}\n", specs_text({spec}));
  for (const TensorSpec& spec : model.outputs()) fmt::print("output  {}\n", specs_text({spec}));
  fmt::print("\n");
  print_layers(model);
  print_cuts(model);
  const auto single = std::ranges::count_if(model.cuts(), &graph::Cut::single);
  const graph::Totals& totals = model.totals();
  fmt::print("\n{} layers, {} cuts ({} through a single value), {} MACs, {} parameters in {}\n",
             model.layers().size(), model.cuts().size(), single,
             count_text(static_cast<double>(totals.macs)),
             count_text(static_cast<double>(totals.parameters)),
             bytes_text(static_cast<double>(totals.parameter_bytes)));
}

}  // namespace

Action define_inspect(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_args(command, options->model);
  command.add_flag("--json", options->json, "Print JSON (docs/formats/inspect.md)");
  return [options]() -> Result<int> {
    const LoadedModel loaded = CLEAVE_TRY(load_model(options->model));
    const graph::Model& model = loaded.model;
    if (options->json) {
      fmt::print("{}\n", to_json(model).dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      print_table(model);
    }
    return 0;
  };
}

}  // namespace cleave::app
