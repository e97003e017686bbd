#include "study/in_parallel.h"

#include <future>
#include <mutex>
#include <optional>
#include <vector>

namespace cleave::study {
namespace {

/// What the workers share. Thread-safe.
class Shared {
 public:
  Shared(std::size_t count, const std::function<void(std::size_t)>& told)
      : count_(count), told_(told) {}

  /// The next to work on; nothing after the last one or an error.
  std::optional<std::size_t> next() {
    const std::lock_guard lock(mutex_);
    if (!outcome_ || next_ == count_) return std::nullopt;
    return next_++;
  }
  void done(Result<void> result) {
    const std::lock_guard lock(mutex_);
    if (!result && outcome_) outcome_ = std::move(result);
    ++done_;
    if (outcome_ && told_) told_(done_);
  }
  /// Once the workers have ended.
  Result<void> outcome() && { return std::move(outcome_); }

 private:
  std::mutex mutex_;
  std::size_t count_;
  const std::function<void(std::size_t)>& told_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  Result<void> outcome_;
};

}  // namespace

Result<void> in_parallel(std::size_t count, std::size_t workers,
                         const std::function<Result<void>(std::size_t, std::size_t)>& work,
                         const std::function<void(std::size_t)>& progress) {
  Shared shared(count, progress);
  // Futures carry what a library throws, memory that has run out for one, to the caller.
  std::vector<std::future<void>> running;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    running.push_back(std::async(std::launch::async, [&, worker] {
      while (const auto i = shared.next()) shared.done(work(worker, *i));
    }));
  }
  for (std::future<void>& one : running) one.get();
  return std::move(shared).outcome();
}

}  // namespace cleave::study
