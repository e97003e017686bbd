#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "wire/server.h"
#include "wire/service.h"

namespace cleave::wire {

/// The gRPC side of a Server. Thread-safe; borrows the service.
class GrpcFront {
 public:
  static Result<std::unique_ptr<GrpcFront>> start(Service& service, const ServerOptions& options);
  ~GrpcFront();

  int port() const { return port_; }
  /// As Server::shutdown().
  void shutdown(Nanos grace);

 private:
  struct Running;
  GrpcFront(std::unique_ptr<Running> running, int port);
  std::unique_ptr<Running> running_;
  int port_;
};

}  // namespace cleave::wire
