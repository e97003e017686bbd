#include <gtest/gtest.h>

#include <thread>

#include "wire/client.h"
#include "wire/echo_service.h"
#include "wire/raw_socket.h"
#include "wire/server.h"

// HTTP as no proper peer would speak it, to the server and to the client.
namespace cleave::wire {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(60);

class HttpSocket : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Server::start(
        service_, {.host = "127.0.0.1", .grpc_port = -1, .max_message_bytes = 1 << 20});
    ASSERT_TRUE(started);
    server_ = *std::move(started);
  }
  void TearDown() override {
    // Whatever was said before, the server serves on.
    EXPECT_EQ(status_of("GET /v2/health/ready HTTP/1.1\r\nConnection: close\r\n\r\n"), "200");
  }

  std::string exchange(std::string_view text) const {
    const RawSocket socket = RawSocket::to_port(server_->http_port());
    socket.send(text);
    socket.finish_sending();
    return socket.read_all();
  }
  std::string status_of(std::string_view text) const {
    const std::string answer = exchange(text);
    return answer.size() > 12 ? answer.substr(9, 3) : answer;
  }
  static std::string post(const std::string& path, const std::string& headers,
                          const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  EchoService service_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpSocket, PathsHaveTheirStatus) {
  const std::pair<const char*, const char*> cases[] = {
      {"/v2", "200"},
      {"/v2/health/live", "200"},
      {"/metrics", "200"},
      {"/v2/models/echo%40cut", "200"},
      {"/v2/models/echo@cut/versions/1", "200"},
      {"/v2/models/echo@cut/versions/1/ready", "200"},
      {"/v2/models/echo@cut/config", "200"},
      {"/v2/models/echo@cut/stats", "200"},
      {"/v2/models/stats", "200"},
      {"/v2/models/echo@cut/versions/2", "404"},
      {"/v2/models/nothing", "404"},
      {"/v2/models/nothing/ready", "404"},
      {"/v2/models/echo@cut/fly", "404"},
      {"/v2/models/echo@cut/ready/now", "404"},
      {"/v2/models/", "404"},
      {"/v2/models", "404"},
      {"/v1/models/echo@cut", "404"},
      {"/", "404"},
      {"//", "404"},
      {"/%00%ff", "404"},
  };
  for (const auto& [path, status] : cases) {
    EXPECT_EQ(status_of(std::string("GET ") + path + " HTTP/1.1\r\nConnection: close\r\n\r\n"),
              status)
        << path;
  }
}

TEST_F(HttpSocket, MetadataIsGolden) {
  const std::string answer = exchange("GET /v2/models/add HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4),
            R"({"name":"add","versions":["1"],"platform":"echo","inputs":[)"
            R"({"name":"a","datatype":"FP32","shape":[-1,2]},)"
            R"({"name":"text","datatype":"BYTES","shape":[1]}],"outputs":[)"
            R"({"name":"sum","datatype":"FP32","shape":[-1,2]}],)"
            R"("parameters":{"packet":"BYTES","version":1}})");
  EXPECT_NE(answer.find("Content-Type: application/json"), std::string::npos);
}

TEST_F(HttpSocket, InferenceInJsonIsGolden) {
  const std::string answer = exchange(
      post("/v2/models/add/infer", "Connection: close\r\n",
           R"({"id":"9","inputs":[{"name":"a","datatype":"FP32","shape":[2],"data":[1,2]},)"
           R"({"name":"b","datatype":"FP32","shape":[2],"data":[0.5,-2]}]})"));
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4),
            R"({"model_name":"add","model_version":"1","id":"9","outputs":[)"
            R"({"name":"sum","datatype":"FP32","shape":[2],"data":[1.5,0]}]})");
}

TEST_F(HttpSocket, BrokenRequestsAreRefused) {
  const std::string infer = "/v2/models/add/infer";
  EXPECT_EQ(status_of(post(infer, "", "{")), "400");
  EXPECT_EQ(status_of(post(infer, "", "")), "400");
  EXPECT_EQ(status_of(post(infer, "Inference-Header-Content-Length: 99\r\n", "{}")), "400");
  EXPECT_EQ(status_of(post(infer, "Inference-Header-Content-Length: -1\r\n", "{}")), "400");
  EXPECT_EQ(status_of(post(infer, "Content-Encoding: gzip\r\n", "not gzip")), "400");
  EXPECT_EQ(status_of(post(infer, "Content-Type: multipart/form-data; boundary=x\r\n", "--x")),
            "415");
  EXPECT_EQ(status_of(post("/v2/models/nothing/infer", "", "{}")), "404");
  EXPECT_EQ(status_of(post("/v2/models/add/fly", "", "{}")), "404");
  EXPECT_EQ(status_of("GARBAGE\r\n\r\n"), "400");
  EXPECT_EQ(status_of("GET /v2/models/" + std::string(7000, 'a') + " HTTP/1.1\r\n\r\n"), "404");
  EXPECT_EQ(status_of("GET /v2/models/" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n"), "414");
  EXPECT_EQ(status_of("GET /v2 HTTP/1.1\r\nA: " + std::string(9000, 'a') + "\r\n\r\n"), "400");
  exchange("POST " + infer + " HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");  // cut short
  exchange("");
}

TEST_F(HttpSocket, PostWithoutLengthHasNoBody) {
  const RawSocket socket = RawSocket::to_port(server_->http_port());
  // Sending is not finished: waiting for a body would be waiting for ever.
  socket.send("POST /v2/repository/index HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_EQ(answer.substr(9, 3), "200");
  EXPECT_NE(answer.find("echo@cut"), std::string::npos);
}

TEST_F(HttpSocket, LoadingIsNotSupported) {
  for (const std::string action : {"load", "unload"}) {
    const std::string path = "/v2/repository/models/add/" + action;
    EXPECT_EQ(status_of(post(path, "Connection: close\r\n", "{}")), "501") << path;
  }
  EXPECT_EQ(status_of(post("/v2/repository/models/add/fly", "Connection: close\r\n", "")), "404");
}

TEST_F(HttpSocket, LargeBodiesAreRefusedHoweverTheyCome) {
  const std::string head = "POST /v2/models/add/infer HTTP/1.1\r\n";
  EXPECT_EQ(status_of(head + "Content-Length: 2000000\r\n\r\n"), "413");
  EXPECT_EQ(status_of(head + "Content-Length: 18446744073709551615\r\n\r\n"), "413");
  EXPECT_EQ(status_of(post("/v2/models/add/infer", "", std::string(2000000, ' '))), "413");
  std::string chunks = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 300; ++i) chunks += "1000\r\n" + std::string(4096, ' ') + "\r\n";
  EXPECT_EQ(status_of(chunks + "0\r\n\r\n"), "413");
}

TEST_F(HttpSocket, ManySmallChunksAreRead) {
  std::string chunks =
      "POST /v2/models/echo%40cut/infer HTTP/1.1\r\nConnection: close\r\n"
      "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
  for (int i = 0; i < 20000; ++i) chunks += "1\r\n \r\n";
  EXPECT_EQ(status_of(chunks + "1\r\n}\r\n0\r\n\r\n"), "200");
}

TEST_F(HttpSocket, RequestsMayFollowEachOtherAtOnce) {
  const std::string answer =
      exchange("GET /v2/health/live HTTP/1.1\r\n\r\n" + post("/v2/models/add/infer", "", "{") +
               "GET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.substr(9, 3), "200");
  EXPECT_NE(answer.find("400"), std::string::npos);
  EXPECT_NE(answer.find("echo-server"), std::string::npos);
}

TEST_F(HttpSocket, WhoEndsItsSideStillGetsTheAnswer) {
  const RawSocket socket = RawSocket::to_port(server_->http_port());
  socket.send(post("/v2/models/slow/infer", "", "{}"));
  socket.finish_sending();
  service_.wait_until_held(1);
  EXPECT_FALSE(service_.first_held_is_abandoned());
  service_.release();
  EXPECT_EQ(socket.read_all().substr(9, 3), "200");
}

TEST_F(HttpSocket, WhoResetsTheConnectionIsGone) {
  RawSocket socket = RawSocket::to_port(server_->http_port());
  socket.send(post("/v2/models/slow/infer", "", "{}"));
  service_.wait_until_held(1);
  EXPECT_FALSE(service_.first_held_is_abandoned());
  socket.reset();
  while (!service_.first_held_is_abandoned()) std::this_thread::yield();
  service_.release();
}

// What a server may answer that makes no sense, and what the client makes of it.
TEST(HttpNonsense, ClientSaysSo) {
  const std::pair<std::string, ErrorCode> cases[] = {
      {"", ErrorCode::kUnavailable},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", ErrorCode::kUnavailable},
      {"ICMP hello\r\n\r\n", ErrorCode::kUnavailable},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", ErrorCode::kCorrupt},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ErrorCode::kCorrupt},
      {"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: 9\r\nContent-Length: 2\r\n\r\n{}",
       ErrorCode::kCorrupt},
      {"HTTP/1.1 200 OK\r\nContent-Length: 86\r\n\r\n"
       R"({"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[9],"data":[1]}]}  )",
       ErrorCode::kCorrupt},
      {"HTTP/1.1 503 Busy\r\nContent-Length: 14\r\n\r\n{\"error\":\"no\"}",
       ErrorCode::kUnavailable},
      {"HTTP/1.1 418 Tea\r\nContent-Length: 3\r\n\r\nno!", ErrorCode::kInternal},
  };
  for (const auto& [answer, code] : cases) {
    const RawServer server([&text = answer](RawSocket& peer) {
      peer.read_until("\r\n\r\n");
      peer.send(text);
    });
    const auto client = Client::connect("http://127.0.0.1:" + std::to_string(server.port()));
    InferRequest request;
    request.model_name = "m";
    const auto reply = (*client)->infer(request, kPatience);
    ASSERT_FALSE(reply) << answer;
    EXPECT_EQ(reply.error().code, code) << answer << reply.error().to_string();
  }
}

// A peer that never ends its answer, until the client has had enough.
ErrorCode code_when_flooded(const std::string& start, const std::string& more, Nanos pause,
                            Nanos timeout) {
  const RawServer server([&](RawSocket& peer) {
    peer.read_until("\r\n\r\n");
    peer.send(start);
    while (peer.is_open()) {
      peer.send(more);
      std::this_thread::sleep_for(pause);
    }
  });
  const auto client = Client::connect("http://127.0.0.1:" + std::to_string(server.port()));
  const auto live = (*client)->server_metadata(timeout);
  return live ? ErrorCode::kInternal : live.error().code;
}

TEST(HttpNonsense, TricklesEndAtTheDeadline) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& start :
       {std::string("HTTP/1.1 200 "), std::string("HTTP/1.1 200 OK\r\nX: "), chunked,
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")}) {
    EXPECT_EQ(code_when_flooded(start, "1", std::chrono::milliseconds(20),
                                std::chrono::milliseconds(200)),
              ErrorCode::kDeadlineExceeded)
        << start;
  }
}

TEST(HttpNonsense, FloodsAreNotCollected) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 200 ", std::string(1000, 'a')},
      {ok + "X: ", std::string(1000, 'a')},
      {ok, "X: a\r\n"},
      {ok + "Transfer-Encoding: chunked\r\n\r\n1;", std::string(1000, 'a')},
  };
  for (const auto& [start, more] : cases) {
    EXPECT_EQ(code_when_flooded(start, more, Nanos(0), kPatience), ErrorCode::kUnavailable)
        << start;
  }
}

}  // namespace
}  // namespace cleave::wire
