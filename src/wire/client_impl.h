#pragma once

#include <memory>
#include <string>

#include "wire/client.h"

// The two transports behind Client::connect().
namespace cleave::wire {

struct Endpoint {
  std::string host;
  int port = 0;
};

/// The error for an answer that cannot be read.
inline std::unexpected<Error> nonsense(const Error& error) {
  return fail(ErrorCode::kCorrupt, "wire.client",
              "the server's answer makes no sense: " + error.to_string());
}

std::unique_ptr<Client> make_grpc_client(const Endpoint& endpoint, const ClientOptions& options);
std::unique_ptr<Client> make_http_client(const Endpoint& endpoint, const ClientOptions& options);

}  // namespace cleave::wire
