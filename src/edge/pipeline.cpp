#include "edge/pipeline.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace cleave::edge {
namespace {

Result<void> run_one_by_one(const FrameSource& source, Strategy& strategy, const FrameSink& sink) {
  while (true) {
    std::optional<Frame> frame = CLEAVE_TRY(source());
    if (!frame) return {};
    Departure departure = CLEAVE_TRY(strategy.depart(*std::move(frame)));
    FrameResult result = CLEAVE_TRY(strategy.arrive(std::move(departure)));
    CLEAVE_CHECK(sink(std::move(result)));
  }
}

/// The frames between source and sink, and the threads that move them on. Frames are numbered in
/// the order in which they leave the source.
class Pipeline {
 public:
  Pipeline(const FrameSource& source, Strategy& strategy, int inflight)
      : source_(source), strategy_(strategy), inflight_(static_cast<std::size_t>(inflight)) {
    threads_.emplace_back([this] { depart_all(); });
    for (int i = 0; i < inflight; ++i) threads_.emplace_back([this] { arrive_all(); });
  }
  /// Lets work under way end, begins no more, and waits for the threads.
  ~Pipeline() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// The next result in order, or nothing after the last.
  Result<std::optional<FrameResult>> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return finished_.contains(delivered_) || (exhausted_ && delivered_ == taken_);
    });
    const auto it = finished_.find(delivered_);
    if (it == finished_.end()) return std::nullopt;
    Result<FrameResult> result = std::move(it->second);
    finished_.erase(it);
    ++delivered_;
    changed_.notify_all();
    if (!result) return std::unexpected(std::move(result).error());
    return *std::move(result);
  }

 private:
  void depart_all() {
    while (const auto number = take_number()) {
      Result<std::optional<Frame>> frame = source_();
      if (frame && !*frame) return exhaust(*number);
      Result<Departure> departure =
          frame ? strategy_.depart(**std::move(frame)) : std::unexpected(std::move(frame).error());
      if (!departure) {
        finish(*number, std::unexpected(std::move(departure).error()));
        return exhaust(*number + 1);
      }
      const std::lock_guard lock(mutex_);
      travelling_.emplace_back(*number, *std::move(departure));
      changed_.notify_all();
    }
  }

  void arrive_all() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || exhausted_ || !travelling_.empty(); });
      if (stopped_ || travelling_.empty()) return;
      auto [number, departure] = std::move(travelling_.front());
      travelling_.pop_front();
      lock.unlock();
      finish(number, strategy_.arrive(std::move(departure)));
    }
  }

  /// A number for the next frame, once there is room for one more; nothing when all is to stop.
  std::optional<std::size_t> take_number() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || taken_ - delivered_ < inflight_; });
    if (stopped_) return std::nullopt;
    return taken_++;
  }

  void finish(std::size_t number, Result<FrameResult> result) {
    const std::lock_guard lock(mutex_);
    finished_.emplace(number, std::move(result));
    changed_.notify_all();
  }

  void exhaust(std::size_t frames) {
    const std::lock_guard lock(mutex_);
    taken_ = frames;
    exhausted_ = true;
    changed_.notify_all();
  }

  const FrameSource& source_;
  Strategy& strategy_;
  const std::size_t inflight_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t taken_ = 0;      // frames that have left the source
  std::size_t delivered_ = 0;  // results that have been asked for
  bool exhausted_ = false;     // no frame will leave the source any more
  bool stopped_ = false;
  std::deque<std::pair<std::size_t, Departure>> travelling_;
  std::map<std::size_t, Result<FrameResult>> finished_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace

Result<void> run_pipeline(const FrameSource& source, Strategy& strategy, int inflight,
                          const FrameSink& sink) {
  if (inflight <= 1) return run_one_by_one(source, strategy, sink);
  Pipeline pipeline(source, strategy, inflight);
  while (true) {
    std::optional<FrameResult> result = CLEAVE_TRY(pipeline.next());
    if (!result) return {};
    CLEAVE_CHECK(sink(*std::move(result)));
  }
}

}  // namespace cleave::edge
