// `auto` against a server that fails in every way it can; the others say so and stop.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "edge/support.h"

namespace cleave::edge {
namespace {

constexpr std::string_view kNobody = "127.0.0.1:1";

/// Costs at which `auto` wants the server whatever the link: the device takes forever.
const bundle::WholeCosts kSlowDevice{1e6, 1, 1, {1000, 0.1, 0.1}};
const bundle::CutCosts kSlowHead{1e6, 1, {1000, 0.1, 0.1}};

class Fallback : public testing::Test {
 protected:
  Fallback() : service_(bundle_.path()), server_(std::in_place, service_) {
    const auto runner = make_runner(bundle_, "device", "");
    expected_ = run(*runner).outputs;
  }

  FrameResult run(Runner& runner) {
    auto result = runner.run_frame(frame_of(runner.manifest(), 3));
    EXPECT_TRUE(result) << result.error().to_string();
    return result ? *std::move(result) : FrameResult{};
  }
  /// The frame was answered here, rightly, and says why.
  void expect_local(const FrameResult& result) {
    EXPECT_EQ(result.strategy, "device");
    EXPECT_NE(result.fallback, "");
    EXPECT_EQ(difference(result.outputs, expected_), 0);
  }

  TinyBundle bundle_{"raw", kSlowDevice, {kSlowHead, kSlowHead}};
  HookedService service_;
  std::optional<TestServer> server_;
  std::vector<Tensor> expected_;
};

TEST_F(Fallback, NobodyThere) {
  const auto runner = make_runner(bundle_, "auto", std::string(kNobody));
  expect_local(run(*runner));
  expect_local(run(*runner));
  for (const char* strategy : {"split", "cloud"}) {
    const auto strict = Runner::create(bundle_.load(), test_engine(), test_clock(),
                                       {.strategy = strategy, .server = std::string(kNobody)});
    ASSERT_FALSE(strict) << strategy;
    EXPECT_EQ(strict.error().code, ErrorCode::kUnavailable);
  }
}

TEST_F(Fallback, DiesMidRequest) {
  auto proxy = start_link(server_->address(), link_presets()[2]);
  const auto runner = make_runner(bundle_, "auto", proxy->address());
  EXPECT_EQ(run(*runner).strategy, "cloud");
  service_.hook = [&](wire::InferRequest request, wire::InferDone done) {
    proxy.reset();  // the request has arrived, and now the connection is gone
    service_.real_infer(std::move(request), std::move(done));
  };
  const FrameResult result = run(*runner);
  expect_local(result);
  EXPECT_GT(result.stages[Stage::kLost].ms(), 0);
  EXPECT_EQ(result.latency.start, result.stages[Stage::kLost].start);
  expect_local(run(*runner));
}

TEST_F(Fallback, DiesMidRequestUnderAStrictStrategy) {
  auto proxy = start_link(server_->address(), link_presets()[2]);
  const auto runner = make_runner(bundle_, "split", proxy->address());
  service_.hook = [&](wire::InferRequest request, wire::InferDone done) {
    proxy.reset();
    service_.real_infer(std::move(request), std::move(done));
  };
  const auto result = runner->run_frame(frame_of(runner->manifest(), 3));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable) << result.error().to_string();
}

TEST_F(Fallback, AnswersNonsense) {
  const auto runner = make_runner(bundle_, "auto", server_->address());
  service_.hook = [&](wire::InferRequest request, wire::InferDone done) {
    service_.real_infer(std::move(request), [done](Result<wire::InferResponse> answer) {
      if (answer) answer->outputs.front().shape.insert(answer->outputs.front().shape.begin(), 1);
      done(std::move(answer));
    });
  };
  const FrameResult result = run(*runner);
  expect_local(result);
  EXPECT_NE(result.fallback.find("edge.answer"), std::string::npos) << result.fallback;
}

TEST_F(Fallback, HasNoSuchModel) {
  const auto runner = make_runner(bundle_, "auto", server_->address());
  service_.hook = [](wire::InferRequest request, wire::InferDone done) {
    done(fail(ErrorCode::kNotFound, "cloud", "unknown model '" + request.model_name + "'"));
  };
  expect_local(run(*runner));
}

TEST_F(Fallback, HangsPastTheDeadline) {
  std::mutex mutex;
  std::vector<wire::InferDone> held;
  const auto runner = make_runner(bundle_, "auto", server_->address(),
                                  {.remote = {.timeout = std::chrono::milliseconds(300)}});
  EXPECT_EQ(run(*runner).strategy, "cloud");
  service_.hook = [&](wire::InferRequest, wire::InferDone done) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(done));
  };
  expect_local(run(*runner));
  expect_local(run(*runner));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(held.size(), 1U) << "a lost server is not asked again so soon";
  for (const wire::InferDone& done : held) done(fail(ErrorCode::kUnavailable, "test", "over"));
}

TEST_F(Fallback, GoesBackWhenTheServerIsBack) {
  const int port = server_->port();
  const std::string address = server_->address();
  const auto runner = make_runner(bundle_, "auto", address, {.retry_every = Nanos(0)});
  EXPECT_EQ(run(*runner).strategy, "cloud");
  server_.reset();
  expect_local(run(*runner));
  server_.emplace(service_, port);
  // The server is asked for in the background, and the transport takes its time to connect anew.
  const Nanos give_up = test_clock().now() + std::chrono::seconds(60);
  FrameResult result = run(*runner);
  while (result.strategy == "device" && test_clock().now() < give_up) result = run(*runner);
  EXPECT_EQ(result.strategy, "cloud") << result.fallback;
  EXPECT_EQ(result.fallback, "");
}

TEST_F(Fallback, TriesOutWhatTheManifestDoesNotTell) {
  const TinyBundle untold;
  HookedService service(untold.path());
  const TestServer server(service);
  std::atomic<int> tail_requests = 0;
  service.hook = [&](wire::InferRequest request, wire::InferDone done) {
    tail_requests += request.model_name.starts_with("split@");
    service.real_infer(std::move(request), std::move(done));
  };
  const auto runner = make_runner(untold, "auto", server.address());
  const FrameResult first = run(*runner);
  EXPECT_EQ(first.fallback, "");
  EXPECT_LE(difference(first.outputs, expected_), kSameAnswer);
  EXPECT_GE(tail_requests, 2) << "each cut was tried";
  const int tried = tail_requests;
  run(*runner);
  EXPECT_LE(tail_requests, tried + 1) << "costs are tried out once";
}

}  // namespace
}  // namespace cleave::edge
