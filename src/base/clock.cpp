#include "base/clock.h"

#include <thread>

namespace cleave {

Nanos SteadyClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

void SteadyClock::sleep_until(Nanos when) {
  std::this_thread::sleep_until(std::chrono::steady_clock::time_point(when));
}

}  // namespace cleave
