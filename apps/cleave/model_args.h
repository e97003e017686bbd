#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "graph/model.h"

namespace CLI {
class App;
}

namespace cleave::app {

/// The arguments of every verb that reads a network: the file, --shape and --engine.
struct ModelArgs {
  std::string path;
  std::vector<std::string> shapes;
  std::string engine = "openvino";
};

/// A network and the engine that told its shapes.
struct LoadedModel {
  std::unique_ptr<engine::Engine> engine;
  graph::Model model;
  std::string name;  ///< the file's name without its extension
};

void add_model_args(CLI::App& command, ModelArgs& args);
Result<LoadedModel> load_model(const ModelArgs& args);

/// The arguments of every verb that runs a network itself.
struct RunArgs {
  int threads = 0;
  std::string precision = "f32";
  std::string hint = "latency";
};

void add_run_args(CLI::App& command, RunArgs& args);
Result<engine::EngineOptions> engine_options(const RunArgs& args);

/// The arguments of every verb that needs inputs: files, and how pictures become inputs.
struct SampleArgs {
  std::vector<std::string> paths;
  std::string preprocess;
  std::size_t limit = 8;
};

/// `what` an option is for, with the picture codecs that there are, a line each.
std::string picture_help(std::string_view what);

void add_sample_args(CLI::App& command, SampleArgs& args);

}  // namespace cleave::app
