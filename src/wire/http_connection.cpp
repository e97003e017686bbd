#include "wire/http_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cleave::wire {
namespace {

constexpr std::size_t kReadBufferBytes = 64 << 10;
constexpr Nanos kLinger = std::chrono::seconds(1);

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd poll_fd{.fd = fd, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&poll_fd, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

int whole_ms(Nanos duration) { return static_cast<int>(to_ms(duration)); }

}  // namespace

HttpConnection::~HttpConnection() { ::close(fd_); }

bool HttpConnection::wait_for_request(Nanos idle_timeout) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    idle_ = true;
  }
  if (!wait_for(fd_, POLLIN, whole_ms(idle_timeout))) return false;
  const std::lock_guard lock(mutex_);
  idle_ = false;
  return !ending_;
}

void HttpConnection::end_when_idle() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  if (idle_) ::shutdown(fd_, SHUT_RDWR);
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
    if (!wait_for(fd_, POLLIN, whole_ms(end - now))) return;
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
  char byte = 0;
  const ssize_t got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

HttpConnections::Entry HttpConnections::open(int fd) {
  const std::lock_guard lock(mutex_);
  auto connection = std::make_shared<HttpConnection>(fd);
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

void HttpConnections::end_an_idle_one() {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, connection] : open_) {
    if (!connection->is_idle()) continue;
    connection->end_when_idle();
    return;
  }
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

HttpStream::HttpStream(const HttpConnection& connection, int number, Nanos timeout)
    : connection_(connection),
      number_(number),
      timeout_ms_(whole_ms(timeout)),
      buffer_(kReadBufferBytes) {}

bool HttpStream::is_readable() const {
  return has_leftover() || wait_for(connection_.fd(), POLLIN, timeout_ms_);
}

bool HttpStream::is_writable() const { return wait_for(connection_.fd(), POLLOUT, timeout_ms_); }

ssize_t HttpStream::read(char* data, std::size_t size) {
  if (!has_leftover()) {
    if (!is_readable()) return -1;
    const ssize_t got = ::recv(connection_.fd(), buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got;
    at_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t taken = std::min(size, end_ - at_);
  std::memcpy(data, buffer_.data() + at_, taken);
  at_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t HttpStream::write(const char* data, std::size_t size) {
  if (!is_writable()) return -1;
  return ::send(connection_.fd(), data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void HttpStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = number_;
}

void HttpStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

HttpThreads::HttpThreads(std::size_t max_threads, std::function<void()> when_full)
    : max_threads_(max_threads), when_full_(std::move(when_full)) {}

void HttpThreads::enqueue(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  tasks_.push_back(std::move(task));
  if (tasks_.size() <= waiting_) {
    changed_.notify_one();
  } else if (threads_.size() < max_threads_) {
    threads_.emplace_back([this] { work(); });
  } else {
    lock.unlock();
    when_full_();
  }
}

bool HttpThreads::is_short() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() > waiting_;
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
