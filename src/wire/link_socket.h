#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cleave::wire {

/// A file descriptor that closes itself; -1 is none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// Where a TCP server is: a name or a numeric address, and a port.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  /// "host:port", with brackets around an IPv6 address.
  std::string to_string() const;
};

/// Reads "HOST:PORT" or "[IPV6]:PORT"; a bare "PORT" too where `default_host` is not empty.
Result<HostPort> parse_host_port(std::string_view text, std::string_view default_host = "");

/// An address as the system takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  HostPort host_port() const;
};

/// Every address of a name, IPv4 and IPv6, in the system's order; at least one. Blocks while it
/// asks.
Result<std::vector<SocketAddress>> resolve(const HostPort& where);

/// A listening socket that does not block, on the first address of `where` that can be had; port 0
/// picks one.
Result<UniqueFd> listen_tcp(const HostPort& where);
/// The address that a socket is bound to.
SocketAddress local_address(int fd);

/// A TCP socket for `address` that does not block, its connection under way, or an invalid one with
/// errno set.
UniqueFd connect_tcp(const SocketAddress& address);

/// Sends small segments at once, and keeps little in the system's buffer, so that the sender feels
/// when the link is full.
void prepare_socket(int fd);

}  // namespace cleave::wire
