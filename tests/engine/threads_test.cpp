#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/random_tensor.h"
#include "engine/openvino_engine.h"
#include "zoo/zoo.h"

namespace cleave::engine {
namespace {

TEST(Forks, RunAtOnceAndGiveTheSameAnswers) {
  constexpr int kThreads = 4;
  constexpr int kRuns = 6;
  const auto engine = make_openvino_engine();
  const auto first =
      engine->compile(zoo::build("tiny", 1).value(), {.threads = 2, .hint = Hint::kThroughput})
          .value();
  std::vector<std::vector<Tensor>> inputs;
  std::vector<Tensor> expected;
  for (int t = 0; t < kThreads; ++t) {
    inputs.push_back(random_tensors(first->inputs(), static_cast<std::uint64_t>(t)));
    expected.push_back(first->run(inputs.back()).value().front());
  }
  std::vector<int> equal(kThreads, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const auto session = first->fork().value();
        for (int run = 0; run < kRuns; ++run) {
          const Tensor found = session->run(inputs[t]).value().front();
          equal[t] += std::ranges::equal(found.bytes(), expected[t].bytes()) ? 1 : 0;
        }
      });
    }
  }
  for (const int count : equal) EXPECT_EQ(count, kRuns);
}

TEST(Engine, CompilesFromSeveralThreads) {
  const auto engine = make_openvino_engine();
  std::vector<int> compiled(3, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < compiled.size(); ++t) {
      threads.emplace_back([&, t] {
        compiled[t] = engine->compile(zoo::build("tiny", t).value(), {}).has_value() ? 1 : 0;
      });
    }
  }
  for (const int done : compiled) EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace cleave::engine
