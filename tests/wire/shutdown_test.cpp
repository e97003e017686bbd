#include <gtest/gtest.h>

#include <future>

#include "wire/client.h"
#include "wire/echo_service.h"
#include "wire/raw_socket.h"
#include "wire/server.h"

// How a server starts and ends, and what its clients notice.
namespace cleave::wire {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(60);

class Shutdown : public testing::TestWithParam<const char*> {
 protected:
  std::string target(int grpc_port, int http_port) const {
    const bool is_http = std::string_view(GetParam()) == "http";
    return std::string(GetParam()) +
           "://127.0.0.1:" + std::to_string(is_http ? http_port : grpc_port);
  }
};

/// A request that is with the service, which holds it.
auto held_request(EchoService& service, Client& client) {
  auto reply = std::async([&client] {
    InferRequest request;
    request.model_name = "slow";
    return client.infer(request, kPatience);
  });
  service.wait_until_held(1);
  return reply;
}

INSTANTIATE_TEST_SUITE_P(Both, Shutdown, testing::Values("grpc", "http"),
                         [](const auto& test) { return test.param; });

TEST_P(Shutdown, AnswersInFlightArrive) {
  EchoService service;
  auto server = *Server::start(service, {.host = "127.0.0.1"});
  const auto client = *Client::connect(target(server->grpc_port(), server->http_port()));
  auto reply = held_request(service, *client);
  auto stopped = std::async([&] { server->shutdown(kPatience); });
  // New calls are refused while the old one is still out.
  for (bool refused = false; !refused;) {
    const auto other = *Client::connect(target(server->grpc_port(), server->http_port()));
    const auto live = other->live(kPatience);
    refused = !live && live.error().code == ErrorCode::kUnavailable;
  }
  service.release();
  const auto answer = reply.get();
  EXPECT_TRUE(answer) << answer.error().to_string();
  stopped.get();
  server->shutdown(kPatience);  // a second time does nothing
}

TEST_P(Shutdown, IdleConnectionsDoNotHoldItUp) {
  EchoService service;
  auto server =
      *Server::start(service, {.host = "127.0.0.1", .http_idle_timeout = std::chrono::hours(1)});
  const auto client = *Client::connect(target(server->grpc_port(), server->http_port()));
  ASSERT_TRUE(client->live(kPatience));
  server->shutdown(std::chrono::hours(1));  // would outlast the test's own limit
  const auto after = client->live(kPatience);
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kUnavailable);
}

TEST_P(Shutdown, WithoutGraceCallsAreCutOff) {
  EchoService service;
  auto server = *Server::start(service, {.host = "127.0.0.1"});
  const auto client = *Client::connect(target(server->grpc_port(), server->http_port()));
  auto reply = held_request(service, *client);
  auto stopped = std::async([&] { server->shutdown(Nanos(0)); });
  const auto answer = reply.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().to_string();
  service.release();
  stopped.get();
}

TEST_P(Shutdown, NobodyThereIsUnavailable) {
  int port = 0;
  {
    EchoService service;
    const auto server = *Server::start(service, {.host = "127.0.0.1"});
    port = std::string_view(GetParam()) == "http" ? server->http_port() : server->grpc_port();
  }
  const auto client = *Client::connect(target(port, port));
  const auto live = client->live(kPatience);
  ASSERT_FALSE(live);
  EXPECT_EQ(live.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(live.error().message.starts_with("127.0.0.1:" + std::to_string(port) + ": "))
      << live.error().message;
}

TEST_P(Shutdown, ServerThatDiesMidRequestIsUnavailable) {
  // It takes the request's first bytes and is gone.
  const RawServer server([](RawSocket& peer) { peer.read_until("\n"); });
  const auto client = *Client::connect(target(server.port(), server.port()));
  InferRequest request;
  request.model_name = "m";
  const auto reply = client->infer(request, kPatience);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable) << reply.error().to_string();
}

TEST_P(Shutdown, ServerThatSaysNothingIsLate) {
  std::promise<void> done;
  const RawServer server([&](RawSocket&) { done.get_future().wait(); });
  const auto client = *Client::connect(target(server.port(), server.port()));
  const auto live = client->live(std::chrono::milliseconds(50));
  done.set_value();
  ASSERT_FALSE(live);
  EXPECT_EQ(live.error().code, ErrorCode::kDeadlineExceeded) << live.error().to_string();
  EXPECT_EQ(live.error().message,
            "127.0.0.1:" + std::to_string(server.port()) + " did not answer within 50 ms");
}

TEST_P(Shutdown, ClientFindsTheServerThatCameBack) {
  EchoService service;
  auto server = *Server::start(service, {.host = "127.0.0.1"});
  const ServerOptions same{
      .host = "127.0.0.1", .grpc_port = server->grpc_port(), .http_port = server->http_port()};
  const auto client = *Client::connect(target(server->grpc_port(), server->http_port()));
  ASSERT_TRUE(client->live(kPatience));
  server.reset();
  EXPECT_FALSE(client->live(kPatience));
  auto again = Server::start(service, same);
  ASSERT_TRUE(again) << again.error().to_string();
  while (!client->live(kPatience)) std::this_thread::yield();
}

TEST(ServerStart, TakenPortIsAnError) {
  EchoService service;
  const auto server = *Server::start(service, {.host = "127.0.0.1"});
  const auto grpc = Server::start(
      service, {.host = "127.0.0.1", .grpc_port = server->grpc_port(), .http_port = -1});
  ASSERT_FALSE(grpc);
  EXPECT_EQ(grpc.error().code, ErrorCode::kIo);
  const auto http = Server::start(
      service, {.host = "127.0.0.1", .grpc_port = -1, .http_port = server->http_port()});
  ASSERT_FALSE(http);
  EXPECT_EQ(http.error().code, ErrorCode::kIo);
}

TEST(ServerStart, EachSideCanBeLeftOut) {
  EchoService service;
  const auto grpc = *Server::start(service, {.host = "127.0.0.1", .http_port = -1});
  EXPECT_EQ(grpc->http_port(), -1);
  EXPECT_GT(grpc->grpc_port(), 0);
  const auto http = *Server::start(service, {.host = "127.0.0.1", .grpc_port = -1});
  EXPECT_EQ(http->grpc_port(), -1);
  EXPECT_GT(http->http_port(), 0);
}

TEST(ServerStart, IdleConnectionsMakeRoomForNewOnes) {
  EchoService service;
  const auto server = *Server::start(service, {.host = "127.0.0.1",
                                               .grpc_port = -1,
                                               .max_http_connections = 2,
                                               .http_idle_timeout = std::chrono::hours(1)});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(*Client::connect("http://127.0.0.1:" + std::to_string(server->http_port())));
    EXPECT_TRUE(clients.back()->live(kPatience)) << i;
  }
}

}  // namespace
}  // namespace cleave::wire
