#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace cleave::app {

/// A `cleave serve` of this very program, as a process of its own. The destructor stops it: first
/// politely, and by force when that takes too long.
class ChildServer {
 public:
  /// Starts `cleave serve ARGUMENTS… --grpc 0 --http -1` and waits until it serves.
  static Result<ChildServer> start(const std::vector<std::string>& arguments);
  ChildServer(ChildServer&& other) noexcept;
  ChildServer& operator=(ChildServer&&) = delete;
  ~ChildServer();

  /// HOST:PORT of its gRPC front.
  const std::string& address() const { return address_; }
  pid_t process() const { return process_; }

 private:
  ChildServer(pid_t process, std::string address)
      : process_(process), address_(std::move(address)) {}
  pid_t process_;
  std::string address_;
};

}  // namespace cleave::app
