#include "wire/client.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "wire/client_impl.h"

namespace cleave::wire {
namespace {

struct TransportRow {
  std::string_view scheme;
  std::unique_ptr<Client> (*make)(const Endpoint&, const ClientOptions&);
};
// The first is meant where a target names none.
constexpr std::array<TransportRow, 2> kTransports{{
    {"grpc://", make_grpc_client},
    {"http://", make_http_client},
}};

// "host:port", "[::1]:port"
Result<Endpoint> endpoint_of(std::string_view text, std::string_view target) {
  const auto refuse = [&] {
    return fail(ErrorCode::kInvalidArgument, "wire.client",
                fmt::format("'{}' is no server, expected HOST:PORT, grpc://HOST:PORT or "
                            "http://HOST:PORT",
                            target));
  };
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return refuse();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  Endpoint endpoint;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!is_number || endpoint.port < 1 || endpoint.port > 65535) return refuse();
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed)
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":/[]@ ") != std::string_view::npos)
    return refuse();
  endpoint.host = host;
  return endpoint;
}

}  // namespace

std::unexpected<Error> unreachable(const Endpoint& endpoint, std::string_view why) {
  return fail(ErrorCode::kUnavailable, "wire.client",
              fmt::format("{}: {}", endpoint.to_string(), why));
}

std::unexpected<Error> too_late(const Endpoint& endpoint, Nanos timeout) {
  return fail(ErrorCode::kDeadlineExceeded, "wire.client",
              fmt::format("{} did not answer within {} ms", endpoint.to_string(), to_ms(timeout)));
}

Result<std::unique_ptr<Client>> Client::connect(std::string_view target,
                                                const ClientOptions& options) {
  for (const TransportRow& row : kTransports) {
    if (!target.starts_with(row.scheme)) continue;
    const Endpoint endpoint = CLEAVE_TRY(endpoint_of(target.substr(row.scheme.size()), target));
    return row.make(endpoint, options);
  }
  const Endpoint endpoint = CLEAVE_TRY(endpoint_of(target, target));
  return kTransports.front().make(endpoint, options);
}

}  // namespace cleave::wire
