// Which connection makes room for a new client, and when.
#include "wire/http_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>

namespace cleave::wire {
namespace {

constexpr Nanos kLong = std::chrono::hours(1);

/// A connection and the client's end of it.
struct Pair {
  explicit Pair(HttpConnections& connections) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    client = ends[0];
    connection = connections.open(ends[1]).connection;
  }
  ~Pair() { ::close(client); }

  /// From idle to a request that is being answered.
  void begin_request() {
    EXPECT_EQ(::send(client, "x", 1, 0), 1);
    EXPECT_TRUE(connection->wait_for_request(kLong));
    char byte = 0;
    EXPECT_EQ(::recv(connection->fd(), &byte, 1, 0), 1);
  }

  int client = -1;
  std::shared_ptr<HttpConnection> connection;
};

TEST(HttpConnections, TheIdleOneMakesRoom) {
  HttpConnections connections([] { return false; });
  Pair busy(connections);
  Pair idle(connections);
  busy.begin_request();
  connections.make_room();
  EXPECT_FALSE(busy.connection->is_ending());
  EXPECT_FALSE(idle.connection->wait_for_request(kLong));
}

TEST(HttpConnections, OneThatWasBusyMakesRoomAsItBecomesIdle) {
  bool client_waits = false;
  HttpConnections connections([&] { return client_waits; });
  Pair pair(connections);
  Pair other(connections);
  pair.begin_request();
  other.begin_request();
  client_waits = true;
  connections.make_room();  // nobody is idle
  EXPECT_FALSE(pair.connection->is_ending());
  EXPECT_FALSE(pair.connection->wait_for_request(kLong));
  EXPECT_FALSE(other.connection->is_ending());
}

TEST(HttpConnections, WhoHasSentItsNextRequestStays) {
  HttpConnections connections([] { return true; });
  Pair pair(connections);
  pair.begin_request();
  pair.begin_request();
}

TEST(HttpConnections, WhoIsSilentFromTheStartMakesRoomSoon) {
  HttpConnections connections([] { return true; });
  Pair pair(connections);
  EXPECT_FALSE(pair.connection->wait_for_request(kLong));
}

TEST(HttpThreads, AThreadThatStartsIsNoShortage) {
  std::atomic<int> full = 0;
  HttpThreads threads(1, [&] { ++full; });
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> begun;
  threads.enqueue([&, released] {
    begun.set_value();
    released.wait();
  });
  EXPECT_FALSE(threads.is_short());
  begun.get_future().wait();
  EXPECT_FALSE(threads.is_short());
  threads.enqueue([] {});
  EXPECT_TRUE(threads.is_short());
  EXPECT_EQ(full, 1);
  release.set_value();
  threads.shutdown();
  EXPECT_FALSE(threads.is_short());
}

}  // namespace
}  // namespace cleave::wire
