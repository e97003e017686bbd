// cleave zoo: lists and writes the benchmark networks.
#include "zoo/zoo.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "verbs.h"

namespace cleave::app {
namespace {

constexpr std::string_view kNotTrained =
    "weights are seeded random numbers, not trained: answers mean nothing";

struct ZooOptions {
  bool json = false;
  std::string name;
  std::string path;
  std::uint64_t seed = 1;
};

void list_as_json() {
  Json networks = Json::array();
  for (const zoo::Architecture& a : zoo::architectures()) {
    networks.push_back({{"name", a.name},
                        {"input", a.input},
                        {"output", a.output},
                        {"parameters", a.parameters},
                        {"macs", a.macs}});
  }
  fmt::print("{}\n", dump_json({{"trained", false}, {"networks", networks}}, 2));
}

void list_as_table() {
  fmt::print("{:<14}{:>18}{:>13}{:>14}{:>8}\n", "network", "input", "output", "parameters",
             "GMACs");
  for (const zoo::Architecture& a : zoo::architectures()) {
    fmt::print("{:<14}{:>18}{:>13}{:>14}{:>8.2f}\n", a.name, a.input, a.output, a.parameters,
               static_cast<double>(a.macs) / 1e9);
  }
  fmt::print("{}\n", kNotTrained);
}

Result<int> write_network(const ZooOptions& options) {
  const std::string model = CLEAVE_TRY(zoo::build(options.name, options.seed));
  CLEAVE_CHECK(write_file(options.path, model));
  fmt::print("{}: {}, seed {}, {:.1f} MB; {}\n", options.path, options.name, options.seed,
             static_cast<double>(model.size()) / 1e6, kNotTrained);
  return 0;
}

}  // namespace

Action define_zoo(CLI::App& command) {
  auto options = std::make_shared<ZooOptions>();
  command.require_subcommand(1);
  CLI::App* list = command.add_subcommand("list", "Show the networks that can be written");
  list->add_flag("--json", options->json, "Print JSON instead of a table");
  CLI::App* write = command.add_subcommand("write", "Write one as an ONNX file");
  write->add_option("NAME", options->name, "One of `cleave zoo list`")->required();
  write->add_option("OUT", options->path, "The file to write, usually NAME.onnx")->required();
  write->add_option("--seed", options->seed, "What the weights are drawn from")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{UINT32_MAX}))

      ->capture_default_str();
  return [options, list]() -> Result<int> {
    if (!list->parsed()) return write_network(*options);
    options->json ? list_as_json() : list_as_table();
    return 0;
  };
}

}  // namespace cleave::app
