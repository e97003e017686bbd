#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "wire/service.h"

namespace cleave::wire {

struct ServerOptions {
  std::string host = "0.0.0.0";
  int grpc_port = 0;  ///< 0 lets the system pick, -1 leaves gRPC out
  int http_port = 0;  ///< the same for HTTP, which also serves /metrics
  std::size_t max_message_bytes = std::size_t{256} << 20;  ///< a larger request is refused
  int max_http_connections = 64;  ///< each holds a thread; further ones wait for a free one
  Nanos http_idle_timeout = std::chrono::seconds(60);  ///< of a connection between two requests
  Nanos http_head_timeout = std::chrono::seconds(30);  ///< of a request's line and headers
};

/// Serves a Service over KServe v2, by gRPC and HTTP/1.1 at once (docs/formats/kserve.md).
/// Thread safety: all methods may be called from any thread.
/// Ownership: the service is borrowed and must outlive the server.
class Server {
 public:
  /// Listens and serves when it returns. kIo where a port is taken or the host is not ours.
  static Result<std::unique_ptr<Server>> start(Service& service, const ServerOptions& options);
  /// Shuts down without grace.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port that is listened on, or -1.
  int grpc_port() const;
  int http_port() const;

  /// Stops accepting, then waits until every request in flight is answered, at most `grace`; what
  /// is left after that is cut off. Returns when no thread of the server runs any more, so a
  /// service that never calls `done` blocks it. Further calls do nothing.
  void shutdown(Nanos grace);

 private:
  struct Fronts;
  explicit Server(std::unique_ptr<Fronts> fronts);
  std::unique_ptr<Fronts> fronts_;
};

}  // namespace cleave::wire
