#pragma once

#include <memory>
#include <string_view>

#include "wire/client.h"
#include "wire/endpoint.h"

// The two transports behind Client::connect().
namespace cleave::wire {

/// The error for an answer that cannot be read.
inline std::unexpected<Error> nonsense(const Error& error) {
  return fail(ErrorCode::kCorrupt, "wire.client",
              "the server's answer makes no sense: " + error.to_string());
}

/// The errors for a server that cannot be reached or goes away, and for one that is too slow.
std::unexpected<Error> unreachable(const Endpoint& endpoint, std::string_view why);
std::unexpected<Error> too_late(const Endpoint& endpoint, Nanos timeout);

std::unique_ptr<Client> make_grpc_client(const Endpoint& endpoint, const ClientOptions& options);
std::unique_ptr<Client> make_http_client(const Endpoint& endpoint, const ClientOptions& options);

}  // namespace cleave::wire
