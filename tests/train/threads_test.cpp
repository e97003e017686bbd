#include "train/threads.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <thread>

namespace cleave::train {
namespace {

TEST(Threads, AreAsManyAsSaidOrAsProcessors) {
  use_threads(3);
  EXPECT_EQ(at::get_num_threads(), 3);
  use_threads(0);
  EXPECT_EQ(at::get_num_threads(), static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace
}  // namespace cleave::train
