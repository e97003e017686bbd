// Which connection makes room for a new client, and when.
#include "wire/http_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

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
  HttpConnections connections([] {});
  Pair busy(connections);
  Pair idle(connections);
  busy.begin_request();
  connections.make_room();
  EXPECT_FALSE(busy.connection->is_ending());
  EXPECT_FALSE(idle.connection->wait_for_request(kLong));
}

TEST(HttpConnections, OneThatWasBusyMakesRoomAsItBecomesIdle) {
  bool client_waits = false;
  HttpConnections* all = nullptr;
  HttpConnections connections([&] {
    if (client_waits) all->make_room();
  });
  all = &connections;
  Pair pair(connections);
  pair.begin_request();
  client_waits = true;
  connections.make_room();  // nobody is idle
  EXPECT_FALSE(pair.connection->is_ending());
  EXPECT_FALSE(pair.connection->wait_for_request(kLong));
}

TEST(HttpConnections, WhoHasSentItsNextRequestStays) {
  HttpConnections* all = nullptr;
  HttpConnections connections([&] { all->make_room(); });
  all = &connections;
  Pair pair(connections);
  pair.begin_request();
  pair.begin_request();
  EXPECT_FALSE(pair.connection->is_ending());
}

}  // namespace
}  // namespace cleave::wire
