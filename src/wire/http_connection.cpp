#include "wire/http_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "wire/http_poll.h"

namespace cleave::wire {
namespace {

constexpr Nanos kLinger = std::chrono::seconds(1);
/// For the first request of a client, while another waits.
constexpr Nanos kFirstPatience = std::chrono::seconds(1);

}  // namespace

HttpConnection::~HttpConnection() { ::close(fd_); }

bool HttpConnection::wait_for_request(Nanos idle_timeout) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    idle_ = true;
  }
  if (is_client_waiting_()) {
    const Nanos patience = has_answered_ ? Nanos(0) : std::min(kFirstPatience, idle_timeout);
    if (!poll_for(fd_, POLLIN, poll_ms(patience))) return false;
  }
  has_answered_ = true;
  if (!poll_for(fd_, POLLIN, poll_ms(idle_timeout))) return false;
  const std::lock_guard lock(mutex_);
  idle_ = false;
  return !ending_;
}

void HttpConnection::end_when_idle() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  if (idle_) ::shutdown(fd_, SHUT_RDWR);
}

void HttpConnection::begin_head() {
  const Nanos now = SteadyClock().now();
  const std::lock_guard lock(mutex_);
  head_since_ = now;
}

void HttpConnection::end_head() {
  const std::lock_guard lock(mutex_);
  head_since_.reset();
}

std::optional<Nanos> HttpConnection::head_since() const {
  const std::lock_guard lock(mutex_);
  return head_since_;
}

bool HttpConnection::is_idle() const {
  const std::lock_guard lock(mutex_);
  return idle_ && !ending_;
}

bool HttpConnection::is_ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void HttpConnection::linger() const {
  ::shutdown(fd_, SHUT_WR);
  const SteadyClock clock;
  const Nanos end = clock.now() + kLinger;
  char discarded[4096];
  for (Nanos now = clock.now(); now < end; now = clock.now()) {
    if (!poll_for(fd_, POLLIN, poll_ms(end - now))) return;
    if (::recv(fd_, discarded, sizeof(discarded), 0) <= 0) return;
  }
}

void HttpConnection::cut() {
  const std::lock_guard lock(mutex_);
  ending_ = cut_ = true;
  ::shutdown(fd_, SHUT_RDWR);
}

bool HttpConnection::is_gone() const {
  {
    const std::lock_guard lock(mutex_);
    if (cut_) return true;
  }
  // A peer may end its own side and still wait for the answer: only a reset tells that it does not.
  pollfd poll_fd{.fd = fd_, .events = 0, .revents = 0};
  return ::poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLERR | POLLHUP)) != 0;
}

HttpConnections::Entry HttpConnections::open(int fd) {
  const std::lock_guard lock(mutex_);
  auto connection = std::make_shared<HttpConnection>(fd, is_client_waiting_);
  if (ending_) connection->end_when_idle();
  const int number = next_++;
  open_[number] = connection;
  return {number, std::move(connection)};
}

void HttpConnections::close(int number) {
  const std::lock_guard lock(mutex_);
  open_.erase(number);
  changed_.notify_all();
}

std::shared_ptr<HttpConnection> HttpConnections::find(int number) const {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(number);
  return found == open_.end() ? nullptr : found->second;
}

void HttpConnections::make_room() {
  const std::lock_guard lock(mutex_);
  HttpConnection* slowest = nullptr;
  Nanos longest_since = Nanos::max();
  for (const auto& [number, connection] : open_) {
    if (connection->is_idle()) return connection->end_when_idle();
    const Nanos since = connection->head_since().value_or(Nanos::max());
    if (since >= longest_since) continue;
    slowest = connection.get();
    longest_since = since;
  }
  if (slowest != nullptr) slowest->cut();
}

void HttpConnections::end_all() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const auto& [number, connection] : open_) connection->end_when_idle();
}

void HttpConnections::cut_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, connection] : open_) connection->cut();
}

bool HttpConnections::wait_until_none(Nanos timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return open_.empty(); });
}

HttpThreads::HttpThreads(std::size_t max_threads, std::function<void()> when_full)
    : max_threads_(max_threads), when_full_(std::move(when_full)) {}

void HttpThreads::enqueue(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  tasks_.push_back(std::move(task));
  if (tasks_.size() <= waiting_) {
    changed_.notify_one();
  } else if (threads_.size() < max_threads_) {
    ++starting_;
    threads_.emplace_back([this] { work(); });
  } else {
    lock.unlock();
    when_full_();
  }
}

bool HttpThreads::is_short() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() > waiting_ + starting_;
}

void HttpThreads::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void HttpThreads::work() {
  std::unique_lock lock(mutex_);
  --starting_;
  for (;;) {
    ++waiting_;
    changed_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    --waiting_;
    if (tasks_.empty()) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace cleave::wire
