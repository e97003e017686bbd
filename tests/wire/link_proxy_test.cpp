#include "wire/link_proxy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "wire/link_socket.h"

namespace cleave::wire {
namespace {

/// So long may a step take before a test that hangs is called failed.
constexpr int kPatienceS = 60;

void make_blocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const timeval patience{.tv_sec = kPatienceS, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

UniqueFd dial(const std::string& address) {
  const SocketAddress where = resolve(parse_host_port(address).value()).value().front();
  UniqueFd fd(::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  make_blocking(fd.get());
  if (::connect(fd.get(), where.get(), where.length) != 0) fd.reset();
  return fd;
}

/// The target: a listener whose connections the test takes one by one.
class Target {
 public:
  explicit Target(const std::string& host = "127.0.0.1")
      : listener_(listen_tcp({host, 0}).value()),
        where_(local_address(listener_.get()).host_port()) {
    make_blocking(listener_.get());
  }
  std::string address() const { return where_.to_string(); }
  std::uint16_t port() const { return where_.port; }
  UniqueFd take() {
    UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
    make_blocking(fd.get());
    return fd;
  }

 private:
  UniqueFd listener_;
  HostPort where_;
};

LinkProxyOptions fast_link_to(const std::string& target) {
  LinkProxyOptions options;
  options.target = target;
  options.link = parse_link("link:up=800,down=800,rtt=1").value();
  return options;
}

/// Sends all, in pieces of random size.
bool send_all(int fd, std::string_view bytes, std::uint64_t seed = 1) {
  Random random(seed);
  while (!bytes.empty()) {
    const std::size_t piece = std::min<std::size_t>(bytes.size(), 1 + random.below(40'000));
    const ssize_t count = ::send(fd, bytes.data(), piece, MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// What comes until `bytes` are there, the end, or an error; errno tells (0 at the end).
std::string receive(int fd, std::size_t bytes) {
  std::string got;
  std::string piece(30'000, '\0');
  errno = 0;
  while (got.size() < bytes) {
    const ssize_t count = ::recv(fd, piece.data(), std::min(piece.size(), bytes - got.size()), 0);
    if (count <= 0) break;
    got.append(piece, 0, static_cast<std::size_t>(count));
  }
  return got;
}

constexpr std::size_t kUntilEnd = std::size_t{1} << 40;

std::string random_bytes(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

void reset(UniqueFd& fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
}

/// Waits for connections to be forgotten.
bool becomes_empty(const LinkProxy& proxy) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceS);
  while (proxy.stats().open_connections > 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST(LinkProxy, BytesArriveIntactBothWaysAtOnce) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd client = dial(proxy->address());
  const UniqueFd server = target.take();
  const std::string up = random_bytes(3'000'000, 1), down = random_bytes(2'000'000, 2);
  std::thread client_sends([&] { EXPECT_TRUE(send_all(client.get(), up, 3)); });
  std::thread server_sends([&] { EXPECT_TRUE(send_all(server.get(), down, 4)); });
  std::string up_got;
  std::thread server_reads([&] { up_got = receive(server.get(), up.size()); });
  const std::string down_got = receive(client.get(), down.size());
  for (std::thread* thread : {&client_sends, &server_sends, &server_reads}) thread->join();
  EXPECT_TRUE(up_got == up);
  EXPECT_TRUE(down_got == down);
  const LinkStats stats = proxy->stats();
  EXPECT_EQ(stats.up_bytes, up.size());
  EXPECT_EQ(stats.down_bytes, down.size());
  EXPECT_EQ(stats.connections, 1u);
  EXPECT_EQ(stats.open_connections, 1u);
}

TEST(LinkProxy, AHalfCloseTravelsBehindTheBytes) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  UniqueFd client = dial(proxy->address());
  UniqueFd server = target.take();
  const std::string question = random_bytes(100'000, 1), answer = random_bytes(100'000, 2);
  ASSERT_TRUE(send_all(client.get(), question));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_TRUE(receive(server.get(), kUntilEnd) == question);
  EXPECT_EQ(errno, 0);
  ASSERT_TRUE(send_all(server.get(), answer));
  server.reset();
  EXPECT_TRUE(receive(client.get(), kUntilEnd) == answer);
  EXPECT_EQ(errno, 0);
  EXPECT_TRUE(becomes_empty(*proxy));
}

TEST(LinkProxy, TheServerMaySpeakFirst) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd client = dial(proxy->address());
  const UniqueFd server = target.take();
  ASSERT_TRUE(send_all(server.get(), "220 ready"));
  EXPECT_EQ(receive(client.get(), 9), "220 ready");
}

TEST(LinkProxy, ARefusedTargetClosesTheClient) {
  std::string nobody;
  {
    nobody = Target().address();
  }
  const auto proxy = LinkProxy::start(fast_link_to(nobody)).value();
  const UniqueFd client = dial(proxy->address());
  ASSERT_TRUE(client);
  EXPECT_EQ(receive(client.get(), 1), "");
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_TRUE(becomes_empty(*proxy));
}

TEST(LinkProxy, AResetTravelsBothWays) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  for (bool client_resets : {true, false}) {
    UniqueFd client = dial(proxy->address());
    UniqueFd server = target.take();
    UniqueFd& gone = client_resets ? client : server;
    const UniqueFd& left = client_resets ? server : client;
    ASSERT_TRUE(send_all(client.get(), "hello"));
    ASSERT_EQ(receive(server.get(), 5), "hello");
    reset(gone);
    EXPECT_EQ(receive(left.get(), kUntilEnd), "");
    EXPECT_EQ(errno, ECONNRESET);
    EXPECT_TRUE(becomes_empty(*proxy));
  }
}

TEST(LinkProxy, ASenderLearnsThatTheReceiverWentAway) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd client = dial(proxy->address());
  target.take().reset();
  // The receiver has closed, and what still comes for it is answered with a reset.
  EXPECT_EQ(receive(client.get(), 1), "");
  const std::string bytes(10'000, 'x');
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceS);
  while (send_all(client.get(), bytes)) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_TRUE(becomes_empty(*proxy));
}

TEST(LinkProxy, ManyConnectionsShareTheLink) {
  constexpr int kConnections = 200;
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  std::vector<UniqueFd> clients, servers;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(dial(proxy->address()));
    ASSERT_TRUE(clients.back());
    ASSERT_TRUE(send_all(clients.back().get(), random_bytes(5000, static_cast<std::uint64_t>(i))));
  }
  for (int i = 0; i < kConnections; ++i) {
    servers.push_back(target.take());
    ASSERT_TRUE(send_all(servers.back().get(), receive(servers.back().get(), 5000)));
  }
  for (int i = 0; i < kConnections; ++i) {
    EXPECT_TRUE(receive(clients[static_cast<std::size_t>(i)].get(), 5000) ==
                random_bytes(5000, static_cast<std::uint64_t>(i)));
  }
  EXPECT_EQ(proxy->stats().open_connections, static_cast<std::uint64_t>(kConnections));
  clients.clear();
  servers.clear();
  EXPECT_TRUE(becomes_empty(*proxy));
  EXPECT_EQ(proxy->stats().up_bytes, 5000u * kConnections);
}

TEST(LinkProxy, AReceiverThatDoesNotReadStopsItsOwnConnectionAlone) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd deaf_client = dial(proxy->address());
  const UniqueFd deaf_server = target.take();
  // Offers until nothing has moved for a while: far less than is offered fits on the way.
  constexpr std::size_t kOffered = 256'000'000;
  const std::string piece(100'000, 'x');
  std::size_t sent = 0;
  pollfd writable{.fd = deaf_client.get(), .events = POLLOUT, .revents = 0};
  while (sent < kOffered && ::poll(&writable, 1, 500) > 0) {
    const ssize_t count = ::send(deaf_client.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    ASSERT_GT(count, 0);
    sent += static_cast<std::size_t>(count);
  }
  EXPECT_LT(sent, kOffered);

  const UniqueFd client = dial(proxy->address());
  const UniqueFd server = target.take();
  const std::string bytes = random_bytes(500'000, 1);
  std::thread sender([&] { EXPECT_TRUE(send_all(client.get(), bytes)); });
  EXPECT_TRUE(receive(server.get(), bytes.size()) == bytes);
  sender.join();
  // Once it listens, all is there.
  ::shutdown(deaf_client.get(), SHUT_WR);
  EXPECT_EQ(receive(deaf_server.get(), kUntilEnd).size(), sent);
}

TEST(LinkProxy, InAnOutageConnectionsStayAndBytesWait) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd client = dial(proxy->address());
  const UniqueFd server = target.take();
  proxy->set_outage(true);
  ASSERT_TRUE(send_all(client.get(), "are you there?"));
  const UniqueFd second = dial(proxy->address());
  ASSERT_TRUE(send_all(second.get(), "and you?"));
  pollfd readable{.fd = server.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 20), 0);
  EXPECT_EQ(proxy->stats().up_bytes, 0u);
  proxy->set_outage(false);
  EXPECT_EQ(receive(server.get(), 14), "are you there?");
  EXPECT_EQ(receive(target.take().get(), 8), "and you?");
}

TEST(LinkProxy, MayBeChangedFromOtherThreadsWhileBytesFlow) {
  Target target;
  const auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd client = dial(proxy->address());
  const UniqueFd server = target.take();
  const std::string bytes = random_bytes(4'000'000, 1);
  std::thread sender([&] { EXPECT_TRUE(send_all(client.get(), bytes)); });
  std::thread changer([&] {
    Random random(7);
    while (proxy->stats().up_bytes < bytes.size()) {
      Link link;
      link.up_mbps = random.uniform(200, 2000);
      link.down_mbps = 100;
      link.rtt_ms = random.uniform(0, 4);
      proxy->set_link(link);
      proxy->set_outage(random.below(4) == 0);
      proxy->set_outage(false);
    }
  });
  EXPECT_TRUE(receive(server.get(), bytes.size()) == bytes);
  sender.join();
  changer.join();
}

TEST(LinkProxy, StoppingResetsWhatIsOpen) {
  Target target;
  auto proxy = LinkProxy::start(fast_link_to(target.address())).value();
  const UniqueFd client = dial(proxy->address());
  const UniqueFd server = target.take();
  proxy.reset();
  for (int fd : {client.get(), server.get()}) {
    EXPECT_EQ(receive(fd, 1), "");
    EXPECT_EQ(errno, ECONNRESET);
  }
}

TEST(LinkProxy, SpeaksIpv6AndTriesEveryAddressOfAName) {
  // A name that stands for [::1] and 127.0.0.1 must find a target on the latter alone.
  Target target;
  LinkProxyOptions options = fast_link_to("localhost:" + std::to_string(target.port()));
  options.listen = "[::1]:0";
  auto proxy = LinkProxy::start(options);
  if (!proxy) GTEST_SKIP() << "skipped: no IPv6 here";
  EXPECT_TRUE((*proxy)->address().starts_with("[::1]:"));
  const UniqueFd client = dial((*proxy)->address());
  const UniqueFd server = target.take();
  ASSERT_TRUE(send_all(client.get(), "six"));
  EXPECT_EQ(receive(server.get(), 3), "six");
}

TEST(LinkProxy, RefusesWhatMakesNoSense) {
  const auto error = [](auto change) {
    LinkProxyOptions options = fast_link_to("127.0.0.1:1");
    change(options);
    const auto proxy = LinkProxy::start(options);
    return proxy ? std::string("started") : proxy.error().to_string();
  };
  EXPECT_EQ(
      error([](auto& options) { options.target = "nowhere"; }),
      "[link.address] 'nowhere' is not an address, expected HOST:PORT with IPv6 hosts in brackets");
  EXPECT_EQ(error([](auto& options) { options.link.up_mbps = 0; }),
            "[link.proxy] rate is 0.000000 Mbit/s, expected more than 0");
  EXPECT_NE(error([](auto& options) { options.link.rtt_ms = -1; }), "started");
  EXPECT_NE(error([](auto& options) { options.listen = "127.0.0.1:x"; }), "started");
  EXPECT_NE(error([](auto& options) { options.target = "no-such-name.invalid:1"; }), "started");
  const Target taken;
  EXPECT_EQ(error([&](auto& options) { options.listen = taken.address(); }),
            "[link.listen] cannot listen on " + taken.address() + ": Address already in use");
}

}  // namespace
}  // namespace cleave::wire
