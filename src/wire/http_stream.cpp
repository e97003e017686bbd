#include "wire/http_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "wire/http_poll.h"

namespace cleave::wire {

HttpStream::HttpStream(HttpConnection& connection, int number, Nanos timeout)
    : connection_(connection),
      number_(number),
      timeout_ms_(poll_ms(timeout)),
      buffer_(kMaxHeadBytes) {}

HttpStream::Head HttpStream::receive_head(Nanos idle_timeout, Nanos head_timeout) {
  if (!has_leftover() && !connection_.wait_for_request(idle_timeout)) return Head::kNone;
  connection_.begin_head();
  const Head head = receive_rest_of_head(head_timeout);
  connection_.end_head();
  return head;
}

HttpStream::Head HttpStream::receive_rest_of_head(Nanos timeout) {
  std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
  end_ -= at_;
  at_ = head_end_ = 0;
  const SteadyClock clock;
  const Nanos deadline = clock.now() + timeout;
  std::size_t searched = 0;
  while (!find_head_end(searched)) {
    searched = end_;
    if (end_ == buffer_.size()) return Head::kTooLarge;
    const Nanos left = deadline - clock.now();
    if (left <= Nanos(0) || !poll_for(connection_.fd(), POLLIN, poll_ms(left))) {
      return Head::kTooSlow;
    }
    const ssize_t got = ::recv(connection_.fd(), buffer_.data() + end_, buffer_.size() - end_, 0);
    if (got <= 0) break;
    end_ += static_cast<std::size_t>(got);
  }
  return end_ > 0 ? Head::kWhole : Head::kNone;
}

// The blank line as httplib knows it. Bytes before `from` were searched already, but for an end
// that was cut in two.
bool HttpStream::find_head_end(std::size_t from) {
  constexpr std::string_view kEnd = "\n\r\n";
  const std::string_view received(buffer_.data(), end_);
  const std::size_t found = received.find(kEnd, from - std::min(from, kEnd.size() - 1));
  head_end_ = found == std::string_view::npos ? end_ : found + kEnd.size();
  return found != std::string_view::npos;
}

bool HttpStream::is_readable() const {
  return has_leftover() || poll_for(connection_.fd(), POLLIN, timeout_ms_);
}

bool HttpStream::is_writable() const { return poll_for(connection_.fd(), POLLOUT, timeout_ms_); }

ssize_t HttpStream::read(char* data, std::size_t size) {
  if (!has_leftover()) {
    if (!is_readable()) return -1;
    const ssize_t got = ::recv(connection_.fd(), buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got;
    at_ = head_end_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t taken = std::min(size, end_ - at_);
  std::memcpy(data, buffer_.data() + at_, taken);
  at_ += taken;
  return line_.allows(size, *data) ? static_cast<ssize_t>(taken) : -1;
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

}  // namespace cleave::wire
