// Streams over a cut: the answers, what is sent for them, and frames that get lost.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/has_video.h"
#include "edge/support.h"

namespace cleave::edge {
namespace {

constexpr const char* kStills = "quant:bits=8,range=sigma3|tile|h264:qp=4,gop=1000";

class StreamStrategy : public testing::Test {
 protected:
  void SetUp() override {
    if (!codec::has_video()) GTEST_SKIP() << "built without video";
    bundle_.emplace(kStills, bundle::WholeCosts{1e6, 1, 1e6, {1000, 0.1, 0.1}},
                    std::vector<std::optional<bundle::CutCosts>>{
                        bundle::CutCosts{1, 1, {1000, 0.1, 0.1}}, bundle::CutCosts{1e6, 1, {}}});
    service_.emplace(bundle_->path());
    server_.emplace(*service_);
    service_->hook = [this](wire::InferRequest request, wire::InferDone done) {
      if (request.model_name.contains('@')) ++requests_;
      if (lose_next_ && request.model_name.contains('@')) {
        lose_next_ = false;
        return done(fail(ErrorCode::kUnavailable, "test", "lost on purpose"));
      }
      service_->real_infer(std::move(request), std::move(done));
    };
  }

  std::unique_ptr<Runner> runner(const std::string& strategy, bool stream) {
    RunnerOptions options;
    options.device.stream = stream;
    options.retry_every = Nanos(0);
    return make_runner(*bundle_, strategy, server_->address(), options);
  }
  static Result<FrameResult> run(Runner& runner, std::uint64_t seed) {
    return runner.run_frame(frame_of(runner.manifest(), seed));
  }

  std::optional<TinyBundle> bundle_;
  std::optional<HookedService> service_;
  std::optional<TestServer> server_;
  int requests_ = 0;
  bool lose_next_ = false;
};

TEST_F(StreamStrategy, AStillSceneCostsOneKeyFrame) {
  const auto streamed = runner("split", true);
  const auto alone = runner("split", false);
  for (int t = 0; t < 4; ++t) {
    const auto a = run(*streamed, 7);
    const auto b = run(*alone, 7);
    ASSERT_TRUE(a) << a.error().to_string();
    ASSERT_TRUE(b);
    EXPECT_LT(difference(a->outputs, b->outputs), 0.02);
    if (t > 0) {
      EXPECT_LT(2 * a->bytes_up, b->bytes_up);
    }
  }
  EXPECT_EQ(requests_, 8);
}

TEST_F(StreamStrategy, AKeyFrameFollowsALostOne) {
  const auto streamed = runner("split", true);
  ASSERT_TRUE(run(*streamed, 1));
  lose_next_ = true;
  const auto lost = run(*streamed, 2);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);

  requests_ = 0;
  const auto healed = run(*streamed, 3);
  ASSERT_TRUE(healed) << healed.error().to_string();
  EXPECT_EQ(requests_, 2);
  EXPECT_GT(healed->stages[Stage::kLost].ms(), 0);
  EXPECT_LE(healed->stages[Stage::kLost].end, healed->stages[Stage::kEncode].start);
  const auto expected = run(*runner("split", false), 3);
  ASSERT_TRUE(expected);
  EXPECT_LT(difference(healed->outputs, expected->outputs), 0.02);

  requests_ = 0;
  ASSERT_TRUE(run(*streamed, 4));
  EXPECT_EQ(requests_, 1);
}

TEST_F(StreamStrategy, AutoGoesOnAfterAFallback) {
  const auto streamed = runner("auto", true);
  const auto first = run(*streamed, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->strategy, "split") << first->fallback;
  lose_next_ = true;
  const auto local = run(*streamed, 2);
  ASSERT_TRUE(local);
  EXPECT_EQ(local->strategy, "device");
  // The server is asked beside the frames, which the device answers meanwhile.
  const Nanos patience = test_clock().now() + std::chrono::seconds(60);
  auto back = run(*streamed, 3);
  while (back && back->strategy == "device" && test_clock().now() < patience)
    back = run(*streamed, 3);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->strategy, "split") << back->fallback;
  EXPECT_GT(back->stages[Stage::kLost].ms(), 0) << "the stream went on without its lost frame";
}

TEST_F(StreamStrategy, RefusesWhatCannotBe) {
  const auto streamed = runner("split", true);
  const std::vector<data::InputItem> items{bundle_->tensor(1)};
  const auto crowded =
      streamed->run({.items = items, .inflight = 2}, [](auto) { return Result<void>(); });
  ASSERT_FALSE(crowded);
  EXPECT_TRUE(crowded.error().message.contains("2 in flight, expected 1"));

  const TinyBundle plain("raw");
  HookedService service(plain.path());
  const TestServer server(service);
  const auto error_of = [&](const std::string& strategy) {
    RunnerOptions options;
    options.strategy = strategy;
    options.server = server.address();
    options.device.stream = true;
    const auto made = Runner::create(plain.load(), test_engine(), test_clock(), options);
    EXPECT_FALSE(made) << strategy;
    return made ? Error{} : made.error();
  };
  for (const char* strategy : {"split", "auto"}) {
    EXPECT_EQ(error_of(strategy).code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(error_of(strategy).message.contains("h264 or h265"));
  }
  for (const char* strategy : {"device", "cloud"})
    EXPECT_TRUE(error_of(strategy).message.contains("expected split or auto"));
}

TEST_F(StreamStrategy, WarmUpIsNoPartOfTheStream) {
  const auto streamed = runner("split", true);
  const std::vector<data::InputItem> items{bundle_->tensor(1)};
  std::vector<std::size_t> bytes;
  ASSERT_TRUE(streamed->run({.items = items, .warmup = 2, .repeat = 2}, [&](FrameResult result) {
    bytes.push_back(result.bytes_up);
    return Result<void>();
  }));
  ASSERT_EQ(bytes.size(), 4U);
  EXPECT_LT(2 * bytes[1], bytes[0]);
  EXPECT_LT(2 * bytes[1], bytes[2]) << "a key frame after the warm-up";
  EXPECT_LT(2 * bytes[3], bytes[2]);
}

}  // namespace
}  // namespace cleave::edge
