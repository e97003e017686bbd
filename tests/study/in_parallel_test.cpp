#include "study/in_parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <vector>

namespace cleave::study {
namespace {

TEST(InParallel, EveryOneOnce) {
  std::vector<std::atomic<int>> calls(100);
  std::set<std::size_t> told;
  const auto work = [&](std::size_t worker, std::size_t i) -> Result<void> {
    EXPECT_LT(worker, 3U);
    ++calls[i];
    return {};
  };
  EXPECT_TRUE(in_parallel(calls.size(), 3, work, [&](std::size_t done) { told.insert(done); }));
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_EQ(told.size(), 100U);
  EXPECT_TRUE(in_parallel(0, 3, work, {}));
}

TEST(InParallel, TheFirstErrorEndsAll) {
  std::atomic<int> calls = 0;
  const auto ended = in_parallel(100, 1,
                                 [&](std::size_t, std::size_t i) -> Result<void> {
                                   ++calls;
                                   if (i == 3)
                                     return fail(ErrorCode::kCorrupt, "test", "the third");
                                   return {};
                                 },
                                 {});
  EXPECT_EQ(ended.error().message, "the third");
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace cleave::study
