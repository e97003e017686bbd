#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace cleave::cloud {

/// A first-in, first-out queue between threads that never holds more than its capacity.
/// Thread-safe.
template <class T>
class BoundedQueue {
 public:
  enum class Push { kDone, kFull, kClosed };

  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Never blocks; the item is moved from only when the queue takes it.
  Push push(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Push::kClosed;
      if (items_.size() >= capacity_) return Push::kFull;
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
    return Push::kDone;
  }

  /// Waits for an item; nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  /// Takes no more; what is in the queue can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

  std::size_t capacity() const { return capacity_; }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace cleave::cloud
