#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "wire/echo_service.h"
#include "wire/raw_socket.h"
#include "wire/server.h"

// The line and headers of a request, and the framing of its body, from peers that mean no good.
namespace cleave::wire {
namespace {

constexpr char kLive[] = "GET /v2/health/live HTTP/1.1\r\nConnection: close\r\n\r\n";
constexpr char kInfer[] = "POST /v2/models/add/infer HTTP/1.1\r\n";

class HttpHead : public testing::Test {
 protected:
  void start(ServerOptions options) {
    options.host = "127.0.0.1";
    options.grpc_port = -1;
    auto started = Server::start(service_, options);
    ASSERT_TRUE(started);
    server_ = *std::move(started);
  }
  RawSocket connect() const { return RawSocket::to_port(server_->http_port()); }
  // The sending side stays open: an answer must not need its end.
  std::string exchange(std::string_view text) const {
    const RawSocket socket = connect();
    socket.send(text);
    return socket.read_all();
  }
  static std::string status_of(std::string_view answer) {
    return answer.size() > 12 ? std::string(answer.substr(9, 3)) : std::string(answer);
  }

  EchoService service_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpHead, IsBounded) {
  start({.http_head_timeout = std::chrono::hours(1)});
  const std::string large(200000, 'a');
  EXPECT_EQ(status_of(exchange("GET /" + large)), "431");
  EXPECT_EQ(status_of(exchange("GET /v2 HTTP/1.1\r\nA: " + large)), "431");
  std::string many = "GET /v2 HTTP/1.1\r\n";
  for (int i = 0; i < 20000; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(exchange(many)), "431");
  EXPECT_EQ(status_of(exchange(kLive)), "200");
}

TEST_F(HttpHead, MayComeInPieces) {
  start({});
  const RawSocket socket = connect();
  for (const char byte : std::string_view(kLive)) socket.send({&byte, 1});
  EXPECT_EQ(status_of(socket.read_all()), "200");
}

TEST_F(HttpHead, ThatIsRefusedHalfwayEndsTheConnection) {
  start({});
  // What follows the first line is no second request.
  const std::string answer = exchange("GARBAGE\r\n" + std::string(kLive));
  EXPECT_EQ(status_of(answer), "400");
  EXPECT_EQ(answer.find("200 OK"), std::string::npos);
}

TEST_F(HttpHead, HasOneDeadline) {
  start({.http_head_timeout = std::chrono::milliseconds(200)});
  const RawSocket socket = connect();
  socket.send("GET /v2 HTTP/1.1\r\nA: ");
  std::atomic<bool> is_answered = false;
  std::thread trickle([&] {
    for (; !is_answered; std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
      socket.send("a");
    }
  });
  EXPECT_EQ(status_of(socket.read_all()), "408");
  is_answered = true;
  trickle.join();
}

TEST_F(HttpHead, SlowOnesMakeRoomForOthers) {
  // Without that, the last would wait for longer than the test may take.
  start({.max_http_connections = 3,
         .http_idle_timeout = std::chrono::hours(1),
         .http_head_timeout = std::chrono::hours(1)});
  std::vector<RawSocket> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(connect());
    // The second comes with the first, so the connection is not idle between the two.
    slow.back().send("GET /v2/models/stats HTTP/1.1\r\n\r\nGET /v2 HT");
    EXPECT_EQ(status_of(slow.back().read_until("}]}")), "200");
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(exchange(kLive)), "200");
}

TEST_F(HttpHead, AmbiguousFramingIsRefusedAndEndsTheConnection) {
  start({});
  const std::string smuggled = kLive;
  for (const std::string headers : {
           "Content-Length: abc",
           "Content-Length: +5",
           "Content-Length: -1",
           "Content-Length: 5 5",
           "Content-Length: 0x5",
           "Content-Length: %35",
           "Content-Length:",
           "Content-Length : 5",
           " Content-Length: 5",
           "Content-Length: 5\r\nContent-Length: 5",
           "Content-Length: 0\r\ncontent-length: 50",
           "Content-Length: 5\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nContent-Length: 0",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: gzip, chunked",
           "Transfer-Encoding: identity",
           "A: b\nTransfer-Encoding: chunked",
           "A: b\rContent-Length: 5",
           "no header",
       }) {
    const std::string answer = exchange(kInfer + headers + "\r\n\r\n" + smuggled);
    EXPECT_EQ(status_of(answer), "400") << headers;
    EXPECT_NE(answer.find("[wire.http]"), std::string::npos) << headers;
    EXPECT_EQ(answer.find("200 OK"), std::string::npos) << headers;
  }
  EXPECT_EQ(status_of(exchange(kLive)), "200");
}

TEST_F(HttpHead, BodiesThatAreNotReadEndTheConnection) {
  start({});
  for (const std::string method : {"GET", "PUT", "DELETE", "PATCH"}) {
    const std::string answer =
        exchange(method + " /v2 HTTP/1.1\r\nContent-Length: 53\r\n\r\n" + kLive);
    EXPECT_EQ(status_of(answer), method == "GET" ? "200" : "404") << method;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << method;
  }
}

TEST_F(HttpHead, ChunkSizesAreBounded) {
  start({});
  std::string request = std::string(kInfer) + "Transfer-Encoding: chunked\r\n\r\n1;";
  request.append(200000, 'a');  // an extension that never ends
  EXPECT_EQ(status_of(exchange(request)), "400");
}

}  // namespace
}  // namespace cleave::wire
