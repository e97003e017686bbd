#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace cleave::bench {

/// The program of the build that this one is from: build/release/cleave for
/// build/release/bench/bench_x.
std::filesystem::path cleave_program();

/// What the system says of a process's memory, in bytes.
struct Memory {
  double resident_bytes = 0;
  double peak_bytes = 0;  ///< the most that was ever resident
};

/// A real `cleave serve`, of the build this program is from, as a child process.
/// Not thread-safe. The destructor stops it and waits.
class ServeProcess {
 public:
  /// Starts `cleave serve ARGUMENTS` on ports of its own and waits until it serves.
  static Result<std::unique_ptr<ServeProcess>> start(std::vector<std::string> arguments);
  ~ServeProcess();
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  /// "127.0.0.1:41234"
  const std::string& grpc_address() const { return grpc_address_; }
  const std::string& http_address() const { return http_address_; }

  Result<Memory> memory() const;
  /// Processor time that it has used so far, in ticks of 10 ms.
  Result<double> cpu_s() const;

 private:
  ServeProcess(pid_t pid, int output) : pid_(pid), output_(output) {}
  Result<void> wait_until_serving();

  pid_t pid_;
  int output_;
  std::string grpc_address_;
  std::string http_address_;
};

}  // namespace cleave::bench
