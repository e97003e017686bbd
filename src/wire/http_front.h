#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "wire/server.h"
#include "wire/service.h"

namespace cleave::wire {

/// The HTTP/1.1 side of a Server. Thread-safe; borrows the service.
class HttpFront {
 public:
  static Result<std::unique_ptr<HttpFront>> start(Service& service, const ServerOptions& options);
  ~HttpFront();

  int port() const { return port_; }
  /// As Server::shutdown().
  void shutdown(Nanos grace);

 private:
  class Impl;
  HttpFront(std::unique_ptr<Impl> impl, int port);
  std::unique_ptr<Impl> impl_;
  int port_;
};

}  // namespace cleave::wire
