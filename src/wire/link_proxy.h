#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/link.h"
#include "base/result.h"
#include "wire/link_timeline.h"

namespace cleave::wire {

struct LinkProxyOptions {
  std::string listen = "127.0.0.1:0";  ///< [HOST:]PORT; port 0 picks one
  std::string target;                  ///< HOST:PORT, looked up once at the start
  Link link;                           ///< rates and round trip where there is no trace
  std::optional<LinkTrace> trace;
  std::vector<Outage> outages;  ///< from the start of the proxy
};

/// What has gone through so far; bytes count when they reach the far end of the link.
struct LinkStats {
  std::uint64_t up_bytes = 0;
  std::uint64_t down_bytes = 0;
  std::uint64_t connections = 0;       ///< accepted since the start
  std::uint64_t open_connections = 0;  ///< of these, still there
};

/// An emulated link as a TCP proxy on a thread of its own: what comes in at `address()` goes out to
/// the target, each direction delayed and at the link's rate (LinkShaper), which all connections
/// share as they would a radio. Bytes wait, none are lost.
///
/// Opening a connection costs one round trip, as over a real link: the target hears of it after
/// half, and the client's first bytes are taken up after the whole. Ends and resets of connections
/// travel in order with the bytes. A target that cannot be reached shows as a reset after one round
/// trip. Each direction holds a little more than two bandwidth-delay products (64 KB at least);
/// beyond that the sender's TCP feels that the link is full. A receiver that does not read stops
/// its own connection alone.
///
/// Its thread asks for real-time priority; where that is refused (to users without the right),
/// other busy threads may make it some milliseconds late, which delays bytes but does not lower the
/// rate.
///
/// Thread-safe. The destructor resets the connections that are open and joins the thread.
class LinkProxy {
 public:
  /// Listens and starts; fails when the addresses make no sense or cannot be had.
  static Result<std::unique_ptr<LinkProxy>> start(const LinkProxyOptions& options);
  ~LinkProxy();

  /// Where clients connect to: "127.0.0.1:40123".
  std::string address() const;
  std::uint16_t port() const;
  /// Changes the link from now on; a trace ends, bytes half-way through go on at the new rate.
  void set_link(const Link& link);
  /// Starts an outage, or ends the one that was started here.
  void set_outage(bool out);
  LinkStats stats() const;

 private:
  class Impl;
  explicit LinkProxy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cleave::wire
