#include "child_server.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

namespace cleave::app {
namespace {

constexpr std::string_view kPlace = "server process";
constexpr std::string_view kAddressMark = "serving grpc ";
constexpr int kPoliteTries = 100;
constexpr auto kTryEvery = std::chrono::milliseconds(20);

std::unexpected<Error> system_error(const char* what) {
  return fail(ErrorCode::kIo, kPlace, std::string(what) + ": " + std::strerror(errno));
}

/// In the child: becomes the server. Only calls that are allowed between fork and exec.
[[noreturn]] void become_server(int output, char* const* arguments, pid_t parent) {
  ::dup2(output, STDOUT_FILENO);
  // A parent that is killed takes its server along.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

/// Reads lines until the one that tells the address.
Result<std::string> read_address(std::FILE* output) {
  char line[4096];
  while (std::fgets(line, sizeof line, output) != nullptr) {
    std::string_view text(line);
    if (!text.starts_with(kAddressMark)) continue;
    text.remove_prefix(kAddressMark.size());
    return std::string(text.substr(0, text.find_first_of(" \n")));
  }
  return fail(ErrorCode::kUnavailable, kPlace, "it ended before it served");
}

}  // namespace

Result<ChildServer> ChildServer::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"cleave", "serve"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (const char* word : {"--grpc", "0", "--http", "-1"}) words.emplace_back(word);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("no pipe");
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become_server(ends[1], pointers.data(), parent);
  ::close(ends[1]);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(::fdopen(ends[0], "r"),
                                                               &std::fclose);
  if (child < 0) return system_error("no process");
  ChildServer server(child, "");
  server.address_ = CLEAVE_TRY(read_address(output.get()));
  return server;
}

ChildServer::ChildServer(ChildServer&& other) noexcept
    : process_(std::exchange(other.process_, -1)), address_(std::move(other.address_)) {}

ChildServer::~ChildServer() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  for (int i = 0; i < kPoliteTries; ++i) {
    if (::waitpid(process_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(kTryEvery);
  }
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace cleave::app
