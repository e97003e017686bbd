#include "train/threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

namespace cleave::train {

void use_threads(int threads) {
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(threads > 0 ? threads : std::max(1, processors));
}

}  // namespace cleave::train
