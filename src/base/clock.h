#pragma once

#include <chrono>
#include <cstdint>

namespace cleave {

/// Time since an arbitrary start, in nanoseconds.
using Nanos = std::chrono::nanoseconds;

inline double to_ms(Nanos duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
inline Nanos from_ms(double ms) { return Nanos(static_cast<std::int64_t>(ms * 1e6)); }

/// The time, handed to whatever waits or measures, so that tests can let it pass at will.
/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Nanos now() const = 0;
  /// Blocks until now() is at least `when`; never spins.
  virtual void sleep_until(Nanos when) = 0;
};

/// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  Nanos now() const override;
  void sleep_until(Nanos when) override;
};

/// A clock for tests: time moves only when someone sleeps or advances it. Not thread-safe.
class ManualClock final : public Clock {
 public:
  Nanos now() const override { return now_; }
  void sleep_until(Nanos when) override { now_ = std::max(now_, when); }
  void advance(Nanos duration) { now_ += duration; }

 private:
  Nanos now_{0};
};

}  // namespace cleave
