#include "wire/link_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "base/spec.h"

namespace cleave::wire {
namespace {

constexpr std::string_view kPlace = "link.address";
/// Enough for a loopback's segments of 64 KB not to stall (they need two in the window), small
/// beside what links hold.
constexpr int kReceiveBufferBytes = 256 * 1024;

std::unexpected<Error> io_error(std::string_view place, const std::string& what) {
  return fail(ErrorCode::kIo, place, what + ": " + std::strerror(errno));
}

}  // namespace

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string HostPort::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text, std::string_view default_host) {
  const std::size_t colon = text.rfind(':');
  const bool bare = colon == std::string_view::npos;
  std::string_view host = bare ? default_host : text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = parse_number<std::uint16_t>(bare ? text : text.substr(colon + 1));
  const bool ambiguous = !bracketed && !bare && host.find(':') != std::string_view::npos;
  if (!port || host.empty() || ambiguous) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "'" + std::string(text) + "' is not an address, expected " +
                    (default_host.empty() ? "HOST:PORT" : "[HOST:]PORT") +
                    " with IPv6 hosts in brackets");
  }
  return HostPort{std::string(host), *port};
}

HostPort SocketAddress::host_port() const {
  char host[NI_MAXHOST] = "?";
  char port[NI_MAXSERV] = "0";
  ::getnameinfo(get(), length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
  return {host, parse_number<std::uint16_t>(port).value_or(0)};
}

Result<std::vector<SocketAddress>> resolve(const HostPort& where) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (status != 0) {
    return fail(ErrorCode::kNotFound, kPlace,
                "'" + where.host + "' has no address: " + ::gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = found; info; info = info->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    address.length = info->ai_addrlen;
  }
  return addresses;
}

Result<UniqueFd> listen_tcp(const HostPort& where) {
  for (const SocketAddress& address : CLEAVE_TRY(resolve(where))) {
    UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) continue;
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), address.get(), address.length) == 0 &&
        ::listen(fd.get(), SOMAXCONN) == 0) {
      return fd;
    }
  }
  return io_error("link.listen", "cannot listen on " + where.to_string());
}

SocketAddress local_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  return address;
}

UniqueFd connect_tcp(const SocketAddress& address) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  prepare_socket(fd.get());
  if (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
    const int reason = errno;
    fd.reset();
    errno = reason;
  }
  return fd;
}

void prepare_socket(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
}

}  // namespace cleave::wire
