// The program: parses the command line, runs the chosen verb, prints its error as one line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <vector>

#include "verbs.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitWrongUse = 2;

int report(const cleave::Error& error) {
  std::fprintf(stderr, "cleave: %s\n", error.to_string().c_str());
  return error.code == cleave::ErrorCode::kInvalidArgument ? kExitWrongUse : kExitFailure;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Cleave cuts any trained ONNX network between a device and the cloud and runs the halves "
      "together."};
  app.set_version_flag("--version", std::string(CLEAVE_VERSION));
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, cleave::app::Action>> actions;
  for (const cleave::app::Verb& verb : cleave::app::verbs()) {
    CLI::App* command = app.add_subcommand(std::string(verb.name), std::string(verb.help));
    actions.emplace_back(command, verb.define(*command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version arrive as "errors" with exit code 0.
    return app.exit(error) == 0 ? 0 : kExitWrongUse;
  }
  for (const auto& [command, action] : actions) {
    if (!command->parsed()) continue;
    const cleave::Result<int> code = action();
    if (!code) return report(code.error());
    // What a full disk or a closed pipe has lost is no success.
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return *code;
    return report({cleave::ErrorCode::kIo, "cleave", "the output could not be written"});
  }
  return kExitWrongUse;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    // Libraries below us report by exception when memory runs out, for instance.
    return report({cleave::ErrorCode::kInternal, "cleave", error.what()});
  }
}
