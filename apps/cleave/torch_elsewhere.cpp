// What needs libtorch, in the program that has it not.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "torch.h"

namespace cleave::app {
namespace {

constexpr std::string_view kPlace = "cleave.torch";
constexpr std::string_view kProgram = "cleave-torch";

/// This process's command line.
std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

/// Becomes the program `name` that lies beside this one. Returns where there is none.
Error become(std::string_view name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program = self.parent_path() / name;
  std::vector<std::string> words = command_line();
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  return {ErrorCode::kUnsupported, std::string(kPlace),
          program.string() + ": " + std::strerror(errno) +
              ", expected the program with libtorch, which a build with CLEAVE_TRAIN=ON makes"};
}

}  // namespace

Result<std::unique_ptr<engine::Engine>> make_torch_engine() {
  return std::unexpected(become(kProgram));
}

Result<void> need_torch() { return std::unexpected(become(kProgram)); }

Result<train::TrainedNetwork> run_training(
    const train::TrainRequest&, const std::function<Result<void>(const train::EpochReport&)>&) {
  return std::unexpected(become(kProgram));
}

}  // namespace cleave::app
