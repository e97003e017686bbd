// Many callers at once, full queues, callers that go, and stopping: here and over the wire.
#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "base/random_tensor.h"
#include "cloud/support.h"
#include "wire/client.h"
#include "wire/server.h"

namespace cleave::cloud {
namespace {

constexpr Nanos kLong = std::chrono::minutes(5);

/// A network on disk, its inputs and the answers they should get.
class Threads : public ::testing::Test {
 protected:
  static constexpr std::size_t kInputs = 4;

  void SetUp() override {
    write_tiny(folder_ / "net.onnx", 1);
    const auto session = session_of(folder_ / "net.onnx");
    for (std::size_t i = 0; i < kInputs; ++i) {
      inputs_.push_back(random_tensors(session->inputs(), i).front());
      answers_.push_back(floats(session->run({&inputs_.back(), 1}).value().front()));
    }
  }

  wire::InferRequest request(std::size_t i) const {
    return request_of("net", wire::to_wire("input", inputs_[i % kInputs]));
  }
  bool is_right(const wire::InferResponse& response, std::size_t i) const {
    return largest_difference(floats(response.outputs.at(0)), answers_[i % kInputs]) <= kSameAnswer;
  }

  TemporaryFolder folder_;
  std::vector<Tensor> inputs_;
  std::vector<std::vector<float>> answers_;
};

/// Answers as they come, counted.
class Answers {
 public:
  explicit Answers(std::ptrdiff_t expected) : all_(expected) {}

  wire::InferDone done() {
    return [this](Result<wire::InferResponse> answer) {
      {
        const std::lock_guard lock(mutex_);
        if (answer) {
          ++succeeded_;
        } else {
          errors_.push_back(answer.error());
        }
      }
      all_.count_down();
    };
  }
  void wait() { all_.wait(); }
  int succeeded() const {
    const std::lock_guard lock(mutex_);
    return succeeded_;
  }
  std::vector<Error> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  std::latch all_;
  mutable std::mutex mutex_;
  int succeeded_ = 0;
  std::vector<Error> errors_;
};

/// Holds the one worker at a request: it asks whether the caller has gone just before it executes.
class Gate {
 public:
  wire::IsAbandoned holds(bool is_abandoned = false) {
    return [this, is_abandoned] {
      reached_.count_down();
      open_.wait();
      return is_abandoned;
    };
  }
  void wait_until_reached() { reached_.wait(); }
  void open() { open_.count_down(); }

 private:
  std::latch reached_{1};
  std::latch open_{1};
};

const wire::IsAbandoned kStays = [] { return false; };

TEST_F(Threads, AFullQueueRefusesAndRecovers) {
  const auto service = start_service({folder_ / "net.onnx"}, 2);
  ASSERT_NE(service, nullptr);
  Gate gate;
  Answers accepted(3);
  service->infer(request(0), gate.holds(), accepted.done());
  gate.wait_until_reached();
  service->infer(request(1), kStays, accepted.done());
  service->infer(request(2), kStays, accepted.done());
  EXPECT_TRUE(service->metrics_text().contains(
      "nv_inference_pending_request_count{model=\"net\",version=\"1\"} 2\n"));
  const auto refused = infer(*service, request(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().message, "queue of 'net' is full: 2 requests wait");
  gate.open();
  accepted.wait();
  EXPECT_EQ(accepted.succeeded(), 3);
  EXPECT_TRUE(infer(*service, request(3)));
}

TEST_F(Threads, ARequestWhoseCallerLeftIsNotExecuted) {
  const auto service = start_service({folder_ / "net.onnx"});
  ASSERT_NE(service, nullptr);
  Gate gate;
  Answers answers(2);
  service->infer(request(0), gate.holds(), answers.done());
  service->infer(request(1), [] { return true; }, answers.done());
  gate.open();
  answers.wait();
  EXPECT_EQ(answers.succeeded(), 1);
  EXPECT_EQ(answers.errors().size(), 1u);
  EXPECT_EQ(service->repository_index().front().statistics.execution_count, 1u);
}

TEST_F(Threads, AnExceptionBecomesAnError) {
  const auto service = start_service({folder_ / "net.onnx"});
  ASSERT_NE(service, nullptr);
  Answers answers(1);
  service->infer(
      request(0), []() -> bool { throw std::runtime_error("thrown by a caller"); }, answers.done());
  answers.wait();
  ASSERT_EQ(answers.errors().size(), 1u);
  EXPECT_EQ(answers.errors()[0].code, ErrorCode::kInternal);
  EXPECT_TRUE(infer(*service, request(0)));
}

TEST_F(Threads, StoppingAnswersWhatWaits) {
  const auto service = start_service({folder_ / "net.onnx"});
  ASSERT_NE(service, nullptr);
  Gate gate;
  Answers answers(8);
  service->infer(request(0), gate.holds(), answers.done());
  for (std::size_t i = 1; i < 8; ++i) service->infer(request(i), kStays, answers.done());
  gate.wait_until_reached();
  std::thread stopper([&] { service->stop(); });
  gate.open();
  stopper.join();
  answers.wait();
  EXPECT_EQ(answers.succeeded(), 8);
  const auto late = infer(*service, request(0));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
}

TEST_F(Threads, EightCallersGetTheirOwnAnswers) {
  const auto service = start_service(
      {folder_ / "net.onnx"}, 256,
      {.engine = {.hint = engine::Hint::kThroughput}, .shapes = {}, .preprocess = {}});
  ASSERT_NE(service, nullptr);
  constexpr std::size_t kCallers = 8;
  constexpr std::size_t kRequests = 10;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (std::size_t c = 0; c < kCallers; ++c) {
    threads.emplace_back([&, c] {
      for (std::size_t i = 0; i < kRequests; ++i) {
        const auto answer = infer(*service, request(c + i));
        if (answer && is_right(*answer, c + i)) ++right;
        EXPECT_FALSE(service->metrics_text().empty());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, static_cast<int>(kCallers * kRequests));
}

TEST_F(Threads, EightClientsGetTheirOwnAnswers) {
  const auto service = start_service(
      {folder_ / "net.onnx"}, 256,
      {.engine = {.hint = engine::Hint::kThroughput}, .shapes = {}, .preprocess = {}});
  ASSERT_NE(service, nullptr);
  const auto server = wire::Server::start(*service, {.host = "127.0.0.1"});
  ASSERT_TRUE(server) << server.error().to_string();
  constexpr std::size_t kClients = 8;
  constexpr std::size_t kRequests = 10;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (std::size_t c = 0; c < kClients; ++c) {
    threads.emplace_back([&, c] {
      const std::string target = c % 2 == 0
                                     ? "grpc://127.0.0.1:" + std::to_string((*server)->grpc_port())
                                     : "http://127.0.0.1:" + std::to_string((*server)->http_port());
      const auto client = wire::Client::connect(target).value();
      for (std::size_t i = 0; i < kRequests; ++i) {
        const auto reply = client->infer(request(c + i), kLong);
        if (!reply) {
          ADD_FAILURE() << reply.error().to_string();
        } else if (is_right(reply->response, c + i)) {
          ++right;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, static_cast<int>(kClients * kRequests));
  EXPECT_EQ(service->repository_index().front().statistics.success.count, kClients * kRequests);
  (*server)->shutdown(kLong);
}

TEST_F(Threads, StoppingUnderLoadAnswersWhatIsInFlight) {
  const auto service = start_service({folder_ / "net.onnx"});
  ASSERT_NE(service, nullptr);
  const auto server = wire::Server::start(*service, {.host = "127.0.0.1"});
  ASSERT_TRUE(server) << server.error().to_string();
  const std::string target = "127.0.0.1:" + std::to_string((*server)->grpc_port());
  constexpr int kClients = 4;
  std::latch all_served_once(kClients);
  std::atomic<int> answered = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int c = 0; c < kClients; ++c) {
    threads.emplace_back([&] {
      const auto client = wire::Client::connect(target).value();
      for (std::size_t i = 0;; ++i) {
        const auto reply = client->infer(request(i), kLong);
        if (!reply) {
          if (reply.error().code != ErrorCode::kUnavailable) ++wrong;
          break;
        }
        if (!is_right(reply->response, i)) ++wrong;
        ++answered;
        if (i == 0) all_served_once.count_down();
      }
    });
  }
  all_served_once.wait();
  (*server)->shutdown(kLong);
  service->stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  // Whatever was executed reached its client: nothing was cut off on its way.
  EXPECT_EQ(static_cast<std::uint64_t>(answered),
            service->repository_index().front().statistics.success.count);
}

}  // namespace
}  // namespace cleave::cloud
