#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/clock.h"

namespace cleave::wire {

/// Waits until one of `events` (or an error, or the peer's end) is there; false when it is not in
/// time.
inline bool poll_for(int fd, short events, int timeout_ms) {
  pollfd poll_fd{.fd = fd, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&poll_fd, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

/// A duration as poll() takes it: negative ones would mean "for ever" there.
inline int poll_ms(Nanos duration) {
  constexpr double kLongest = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(to_ms(duration), 0.0, kLongest));
}

}  // namespace cleave::wire
