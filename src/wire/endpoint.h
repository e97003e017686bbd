#pragma once

#include <string>

namespace cleave::wire {

struct Endpoint {
  std::string host;
  int port = 0;

  /// "host:port", an IPv6 host in brackets.
  std::string to_string() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]:" : host + ":") + std::to_string(port);
  }
};

}  // namespace cleave::wire
