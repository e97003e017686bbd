// The whole edge with several frames in flight, for the thread sanitizer above all.
#include <gtest/gtest.h>

#include <atomic>

#include "edge/support.h"

namespace cleave::edge {
namespace {

std::vector<FrameResult> run_all(Runner& runner, std::span<const data::InputItem> items,
                                 int inflight) {
  std::vector<FrameResult> results;
  const auto ran =
      runner.run({.items = items, .repeat = 5, .inflight = inflight}, [&](FrameResult result) {
        results.push_back(std::move(result));
        return Result<void>();
      });
  EXPECT_TRUE(ran) << ran.error().to_string();
  return results;
}

TEST(EdgeThreads, PipelinedFramesAreAnsweredRightlyAndInOrder) {
  const TinyBundle bundle;
  HookedService service(bundle.path());
  const TestServer server(service);
  const std::vector<data::InputItem> items{bundle.tensor(1), bundle.tensor(2), bundle.photo(3)};
  const auto device = run_all(*make_runner(bundle, "device", ""), items, 1);
  // The thread sanitizer may take seconds over a request; this is no test of deadlines.
  const auto runner = make_runner(bundle, "split", server.address(),
                                  {.remote = {.timeout = std::chrono::minutes(2)}});
  const auto split = run_all(*runner, items, 4);
  ASSERT_EQ(device.size(), 16U);
  ASSERT_EQ(split.size(), 16U);
  for (std::size_t i = 0; i < split.size(); ++i) {
    EXPECT_EQ(split[i].name, device[i].name);
    EXPECT_EQ(split[i].warmup, i == 0);
    EXPECT_LE(difference(split[i].outputs, device[i].outputs), kSameAnswer) << i;
  }
}

TEST(EdgeThreads, ManyFramesFallBackAtOnce) {
  const bundle::WholeCosts slow_device{1e6, 1, 1, {1000, 0.1, 0.1}};
  const bundle::CutCosts slow_head{1e6, 1, {1000, 0.1, 0.1}};
  const TinyBundle bundle("raw", slow_device, {slow_head, slow_head});
  HookedService service(bundle.path());
  const TestServer server(service);
  const std::vector<data::InputItem> items{bundle.tensor(1), bundle.tensor(2)};
  const auto device = run_all(*make_runner(bundle, "device", ""), items, 1);
  std::atomic<int> requests = 0;
  service.hook = [&](wire::InferRequest request, wire::InferDone done) {
    if (++requests > 8) return done(fail(ErrorCode::kUnavailable, "test", "no more"));
    service.real_infer(std::move(request), std::move(done));
  };
  const auto runner = make_runner(bundle, "auto", server.address(), {.retry_every = Nanos(0)});
  const auto results = run_all(*runner, items, 4);
  ASSERT_EQ(results.size(), device.size());
  int fallbacks = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    fallbacks += !results[i].fallback.empty();
    EXPECT_LE(difference(results[i].outputs, device[i].outputs), kSameAnswer) << i;
  }
  EXPECT_GT(fallbacks, 0);
}

}  // namespace
}  // namespace cleave::edge
