// The pipeline's order, bounds and ends, with strategies whose timing the test decides.
#include "edge/pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/random.h"

namespace cleave::edge {
namespace {

FrameSource count_to(std::size_t frames) {
  return [next = std::size_t{0}, frames]() mutable -> Result<std::optional<Frame>> {
    if (next == frames) return std::nullopt;
    Frame frame;
    frame.index = next++;
    return frame;
  };
}

/// Passes frames on; a test says what happens on the way.
class Scripted final : public Strategy {
 public:
  std::function<Result<void>(std::size_t index)> on_depart = [](std::size_t) {
    return Result<void>();
  };
  std::function<Result<void>(std::size_t index)> on_arrive = [](std::size_t) {
    return Result<void>();
  };

  std::string_view name() const override { return "scripted"; }
  Result<Departure> depart(Frame frame) override {
    CLEAVE_CHECK(on_depart(frame.index));
    Departure departure;
    departure.result.index = frame.index;
    return departure;
  }
  Result<FrameResult> arrive(Departure departure) override {
    CLEAVE_CHECK(on_arrive(departure.result.index));
    return std::move(departure.result);
  }
};

struct Outcome {
  std::vector<std::size_t> order;
  Result<void> result;
};

Outcome run(std::size_t frames, Strategy& strategy, int inflight) {
  Outcome outcome;
  outcome.result = run_pipeline(count_to(frames), strategy, inflight, [&](FrameResult result) {
    outcome.order.push_back(result.index);
    return Result<void>();
  });
  return outcome;
}

std::vector<std::size_t> first(std::size_t n) {
  std::vector<std::size_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(Pipeline, DeliversInOrderWhateverOvertakes) {
  for (const int inflight : {1, 2, 3, 8}) {
    Scripted strategy;
    strategy.on_arrive = [](std::size_t index) {
      Random random(index);
      for (std::uint64_t i = random.below(50); i > 0; --i) std::this_thread::yield();
      return Result<void>();
    };
    const Outcome outcome = run(200, strategy, inflight);
    EXPECT_TRUE(outcome.result);
    EXPECT_EQ(outcome.order, first(200)) << inflight;
  }
}

TEST(Pipeline, ALaterFrameMayArriveFirst) {
  Scripted strategy;
  std::latch second(1);
  strategy.on_arrive = [&](std::size_t index) {
    if (index == 0) second.wait();
    if (index == 1) second.count_down();
    return Result<void>();
  };
  EXPECT_EQ(run(3, strategy, 2).order, first(3));
}

TEST(Pipeline, HeadsRunWhileAnEarlierFrameTravels) {
  Scripted strategy;
  std::latch next_head(1);
  strategy.on_depart = [&](std::size_t index) {
    if (index == 1) next_head.count_down();
    return Result<void>();
  };
  strategy.on_arrive = [&](std::size_t index) {
    if (index == 0) next_head.wait();
    return Result<void>();
  };
  EXPECT_EQ(run(2, strategy, 2).order, first(2));
}

TEST(Pipeline, HoldsNoMoreThanItMay) {
  for (const int inflight : {1, 2, 4}) {
    Scripted strategy;
    std::atomic<int> held = 0;
    std::atomic<int> most = 0;
    strategy.on_depart = [&](std::size_t) {
      const int now = ++held;
      most = std::max(most.load(), now);
      return Result<void>();
    };
    strategy.on_arrive = [&](std::size_t) {
      std::this_thread::yield();
      --held;
      return Result<void>();
    };
    EXPECT_EQ(run(300, strategy, inflight).order.size(), 300U);
    EXPECT_LE(most, inflight);
  }
}

Result<void> fail_at(std::size_t index, std::size_t at) {
  if (index == at) return fail(ErrorCode::kIo, "test", "frame " + std::to_string(at));
  return {};
}

TEST(Pipeline, EndsAtTheFirstErrorAfterDeliveringWhatCameBefore) {
  for (const int inflight : {1, 3}) {
    Scripted departing;
    departing.on_depart = [](std::size_t index) { return fail_at(index, 5); };
    Outcome outcome = run(100, departing, inflight);
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().message, "frame 5");
    EXPECT_EQ(outcome.order, first(5));

    Scripted arriving;
    arriving.on_arrive = [](std::size_t index) { return fail_at(index, 7); };
    outcome = run(100, arriving, inflight);
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.order, first(7));

    Scripted fine;
    std::vector<std::size_t> order;
    const auto stopped = run_pipeline(count_to(100), fine, inflight, [&](FrameResult result) {
      order.push_back(result.index);
      return fail_at(result.index, 9);
    });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(order, first(10));
  }
}

TEST(Pipeline, TheSourcesErrorComesAfterTheFramesBeforeIt) {
  for (const int inflight : {1, 4}) {
    Scripted strategy;
    std::size_t next = 0;
    std::size_t delivered = 0;
    const auto source = [&]() -> Result<std::optional<Frame>> {
      CLEAVE_CHECK(fail_at(next, 6));
      Frame frame;
      frame.index = next++;
      return frame;
    };
    const auto result = run_pipeline(source, strategy, inflight, [&](FrameResult) {
      ++delivered;
      return Result<void>();
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "frame 6");
    EXPECT_EQ(delivered, 6U);
  }
}

TEST(Pipeline, NothingInNothingOut) {
  Scripted strategy;
  EXPECT_TRUE(run(0, strategy, 1).result);
  EXPECT_TRUE(run(0, strategy, 4).result);
}

}  // namespace
}  // namespace cleave::edge
