#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "wire/client.h"
#include "wire/echo_service.h"
#include "wire/server.h"

// A real server on a port of the loopback interface, called by the real client over both
// transports: what holds for one must hold for the other.
namespace cleave::wire {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(60);

class ClientServer : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto started = Server::start(service_, {.host = "127.0.0.1", .max_message_bytes = 8 << 20});
    ASSERT_TRUE(started) << started.error().to_string();
    server_ = *std::move(started);
    client_ = connect({});
  }

  std::unique_ptr<Client> connect(const ClientOptions& options) const {
    const std::string scheme = GetParam();
    const int port = scheme == "http" ? server_->http_port() : server_->grpc_port();
    auto client = Client::connect(scheme + "://127.0.0.1:" + std::to_string(port), options);
    EXPECT_TRUE(client) << client.error().to_string();
    return *std::move(client);
  }

  EchoService service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

INSTANTIATE_TEST_SUITE_P(Both, ClientServer, testing::Values("grpc", "http"),
                         [](const auto& test) { return test.param; });

InferRequest request_of(std::string model, std::vector<WireTensor> inputs) {
  InferRequest request;
  request.model_name = std::move(model);
  request.inputs = std::move(inputs);
  return request;
}

TEST_P(ClientServer, TellsAboutItself) {
  EXPECT_TRUE(client_->live(kPatience).value());
  EXPECT_TRUE(client_->ready(kPatience).value());
  EXPECT_TRUE(client_->model_ready("echo@cut", kPatience).value());
  EXPECT_EQ(client_->model_ready("nothing", kPatience).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(client_->server_metadata(kPatience).value(), service_.server_metadata());
  EXPECT_EQ(client_->model_metadata("echo@cut", "1", kPatience).value(),
            service_.model_metadata("echo@cut", "1").value());
  const auto index = client_->repository_index(kPatience);
  ASSERT_TRUE(index);
  ASSERT_EQ(index->size(), 4U);
  EXPECT_EQ(index->front().name, "echo@cut");
  EXPECT_EQ(index->front().state, "READY");
}

TEST_P(ClientServer, AddsTensors) {
  const std::array<std::int64_t, 2> a{1, -5};
  const std::array<std::int64_t, 2> b{41, 5};
  InferRequest request =
      request_of("add", {to_wire("a", Tensor::from_values<std::int64_t>({1, 2}, a)),
                         to_wire("b", Tensor::from_values<std::int64_t>({1, 2}, b))});
  request.id = "call-1";
  const auto reply = client_->infer(request, kPatience);
  ASSERT_TRUE(reply) << reply.error().to_string();
  EXPECT_EQ(reply->response.id, "call-1");
  EXPECT_GE(reply->sent_bytes, 32U);
  EXPECT_GE(reply->received_bytes, 16U);
  const auto sum = from_wire(reply->response.outputs.at(0));
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->as<std::int64_t>()[0], 42);
  EXPECT_EQ(sum->as<std::int64_t>()[1], 0);
}

TEST_P(ClientServer, EchoesEveryDatatypeAndParameter) {
  InferRequest request = request_of("echo@cut", {});
  for (int i = static_cast<int>(DType::kF32); i <= static_cast<int>(DType::kBool); ++i) {
    const auto dtype = static_cast<DType>(i);
    const std::string name(datatype_of(dtype));
    request.inputs.push_back({name, name, {3}, {}, std::string(3 * dtype_size(dtype), '\1'), {}});
  }
  request.inputs.push_back(bytes_tensor("packet", {1, 3}, {"", std::string(1000, '\0'), "\xFF"}));
  request.parameters = {{"flag", true},
                        {"count", std::int64_t{-3}},
                        {"rate", 0.5},
                        {"name", std::string("x")},
                        {"large", std::numeric_limits<std::uint64_t>::max()}};
  const auto reply = client_->infer(request, kPatience);
  ASSERT_TRUE(reply) << reply.error().to_string();
  EXPECT_EQ(reply->response.parameters, request.parameters);
  ASSERT_EQ(reply->response.outputs.size(), request.inputs.size());
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    EXPECT_EQ(reply->response.outputs[i].name, request.inputs[i].name);
    EXPECT_EQ(reply->response.outputs[i].datatype, request.inputs[i].datatype);
    EXPECT_EQ(reply->response.outputs[i].bytes, request.inputs[i].bytes);
    EXPECT_EQ(reply->response.outputs[i].elements, request.inputs[i].elements);
  }
}

TEST_P(ClientServer, AnswersOnlyTheOutputsAskedFor) {
  InferRequest request =
      request_of("echo@cut", {bytes_tensor("x", {1}, {"1"}), bytes_tensor("y", {1}, {"2"})});
  request.outputs = {{"y", {}}};
  const auto reply = client_->infer(request, kPatience);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->response.outputs.size(), 1U);
  EXPECT_EQ(reply->response.outputs[0].name, "y");
}

TEST_P(ClientServer, CarriesMegabytes) {
  std::string payload(4 << 20, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31 >> 3);
  const auto reply = client_->infer(
      request_of("echo@cut", {{"x", "UINT8", {4 << 20}, {}, payload, {}}}), kPatience);
  ASSERT_TRUE(reply) << reply.error().to_string();
  EXPECT_EQ(reply->response.outputs[0].bytes, payload);
}

TEST_P(ClientServer, RefusesWhatIsTooLargeAndServesOn) {
  const InferRequest large = request_of(
      "echo@cut", {{"x", "UINT8", {9 << 20}, {}, std::string(std::size_t{9} << 20, 'x'), {}}});
  const auto refused = client_->infer(large, kPatience);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted) << refused.error().to_string();

  const auto modest = connect({.max_message_bytes = 1000});
  const InferRequest small =
      request_of("echo@cut", {bytes_tensor("x", {1}, {std::string(2000, 'x')})});
  const auto too_large_for_us = modest->infer(small, kPatience);
  ASSERT_FALSE(too_large_for_us);
  EXPECT_EQ(too_large_for_us.error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(client_->infer(small, kPatience));
}

TEST_P(ClientServer, ErrorsOfTheServiceArriveWithTheirCode) {
  const auto unknown = client_->infer(request_of("nothing", {}), kPatience);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(unknown.error().place, Client::kServerPlace);
  EXPECT_NE(unknown.error().message.find("there is no model 'nothing'"), std::string::npos);

  const auto wrong = client_->infer(request_of("add", {}), kPatience);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);

  // A fault of the service does not reach the client as a broken tensor.
  EXPECT_FALSE(client_->infer(request_of("broken", {}), kPatience));
  // A request that is wrong in itself is not even sent.
  const auto invalid =
      client_->infer(request_of("add", {{"x", "FP32", {2}, {}, "abc", {}}}), kPatience);
  ASSERT_FALSE(invalid);
  EXPECT_EQ(invalid.error().place, "wire.request");
}

TEST_P(ClientServer, DeadlineEndsTheCallAndTheServiceHears) {
  const auto late = client_->infer(request_of("slow", {}), std::chrono::milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded) << late.error().to_string();
  service_.wait_until_held(1);
  while (!service_.first_held_is_abandoned()) std::this_thread::yield();
  service_.release();
  EXPECT_TRUE(client_->infer(request_of("slow", {}), kPatience));
}

TEST_P(ClientServer, CallsTravelSideBySide) {
  // All are held until the last has come: were they one after another, this would not end.
  constexpr int kCalls = 16;
  std::atomic<int> correct = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kCalls; ++i) {
    threads.emplace_back([&, i] {
      const std::string text = std::to_string(i);
      const auto reply =
          client_->infer(request_of("slow", {bytes_tensor("x", {1}, {text})}), kPatience);
      if (reply && reply->response.outputs.at(0).elements.at(0) == text) ++correct;
    });
  }
  service_.wait_until_held(kCalls);
  service_.release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(correct, kCalls);
}

TEST_P(ClientServer, ManyThreadsManyCalls) {
  std::atomic<int> correct = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string text = std::to_string(t * 1000 + i);
        const auto reply =
            client_->infer(request_of("echo@cut", {bytes_tensor("x", {1}, {text})}), kPatience);
        if (reply && reply->response.outputs.at(0).elements.at(0) == text) ++correct;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(correct, 400);
}

TEST(ClientTarget, IsReadOrRefused) {
  for (const char* good :
       {"localhost:8001", "grpc://10.0.0.1:1", "http://[::1]:65535", "http://h:80/"}) {
    EXPECT_TRUE(Client::connect(good)) << good;
  }
  for (const char* bad : {"", "host", "host:", ":80", "host:0", "host:65536", "host:8x",
                          "ftp://h:1", "a:b:80", "http://u@h:80", "host:-1"}) {
    const auto client = Client::connect(bad);
    ASSERT_FALSE(client) << bad;
    EXPECT_EQ(client.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace cleave::wire
