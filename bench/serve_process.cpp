#include "serve_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

namespace cleave::bench {
namespace {

constexpr std::string_view kPlace = "bench.serve";

std::unexpected<Error> system_error(std::string_view what, int error) {
  return fail(ErrorCode::kIo, kPlace, fmt::format("{}: {}", what, std::strerror(error)));
}

/// The text after `key` up to the next blank.
std::string field(const std::string& line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string::npos) return "";
  const std::size_t start = at + key.size();
  return line.substr(start, line.find_first_of(" \n", start) - start);
}

}  // namespace

std::filesystem::path cleave_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() /
         "cleave";
}

Result<std::unique_ptr<ServeProcess>> ServeProcess::start(std::vector<std::string> arguments) {
  const std::string path = cleave_program().string();
  arguments.insert(arguments.begin(), {path, "serve", "--grpc", "0", "--http", "0"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe", errno);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return system_error(path, error);
  }
  std::unique_ptr<ServeProcess> process(new ServeProcess(pid, ends[0]));
  CLEAVE_CHECK(process->wait_until_serving());
  return process;
}

ServeProcess::~ServeProcess() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  ::close(output_);
}

Result<void> ServeProcess::wait_until_serving() {
  std::string text;
  char piece[512];
  while (true) {
    const ssize_t count = ::read(output_, piece, sizeof(piece));
    if (count <= 0) return fail(ErrorCode::kUnavailable, kPlace, "the server did not start");
    text.append(piece, static_cast<std::size_t>(count));
    const std::size_t line = text.find("serving grpc ");
    if (line == std::string::npos || text.back() != '\n') continue;
    grpc_address_ = field(text, "serving grpc ");
    http_address_ = field(text.substr(line), " http ");
    return {};
  }
}

Result<Memory> ServeProcess::memory() const {
  std::ifstream status(fmt::format("/proc/{}/status", pid_));
  Memory memory;
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    double kib = 0;
    words >> key >> kib;
    if (key == "VmRSS:") memory.resident_bytes = kib * 1024;
    if (key == "VmHWM:") memory.peak_bytes = kib * 1024;
  }
  if (memory.resident_bytes > 0) return memory;
  return fail(ErrorCode::kUnavailable, kPlace, "the server's memory is not known: it has ended");
}

Result<double> ServeProcess::cpu_s() const {
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  std::string line;
  std::getline(file, line);
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) {
    return fail(ErrorCode::kUnavailable, kPlace, "the server's time is not known: it has ended");
  }
  std::istringstream words(line.substr(end_of_name + 1));
  // proc(5): state is field 3; utime and stime are fields 14 and 15.
  std::string skipped;
  for (int i = 3; i < 14; ++i) words >> skipped;
  double user = 0;
  double system = 0;
  words >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace cleave::bench
