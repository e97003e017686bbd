#include "wire/http_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "wire/http_line.h"
#include "wire/http_poll.h"

namespace cleave::wire {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr std::size_t kMaxHeadBytes = 64 << 10;
// httplib matches an answer's first line with std::regex, which recurses once for each byte.
constexpr std::size_t kMaxLineBytes = 4 << 10;

}  // namespace

// What httplib sees of the socket during one call. Bytes move by httplib's functions, because it
// closes the socket too: the thread sanitizer, which is told to pass over what httplib does, would
// see our use of a descriptor and not its end, and report whoever gets the number next.
class HttpChannel::Stream final : public httplib::Stream {
 public:
  Stream(HttpChannel& channel, int fd) : channel_(channel), fd_(fd), buffer_(kBufferBytes) {}

  void end_head() { is_in_head_ = false; }

  bool is_readable() const override { return at_ < end_ || wait_for(POLLIN); }
  bool is_writable() const override { return wait_for(POLLOUT); }

  ssize_t read(char* data, std::size_t size) override {
    if (at_ == end_) {
      if (!wait_for(POLLIN)) return -1;
      const ssize_t got = httplib::detail::read_socket(fd_, buffer_.data(), buffer_.size(), 0);
      if (got <= 0) return give_up(Outcome::kClosed);
      at_ = 0;
      end_ = static_cast<std::size_t>(got);
    }
    const std::size_t taken = std::min(size, end_ - at_);
    std::memcpy(data, buffer_.data() + at_, taken);
    at_ += taken;
    if (is_in_head_) head_bytes_ += taken;
    const bool is_bounded = line_.allows(size, *data) && head_bytes_ <= kMaxHeadBytes;
    return is_bounded ? static_cast<ssize_t>(taken) : give_up(Outcome::kTooLarge);
  }

  ssize_t write(const char* data, std::size_t size) override {
    if (!wait_for(POLLOUT)) return -1;
    return httplib::detail::send_socket(fd_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return fd_; }

 private:
  bool wait_for(short events) const {
    const Nanos left = channel_.deadline_ - channel_.clock_.now();
    if (left > Nanos(0) && poll_for(fd_, events, poll_ms(left))) return true;
    channel_.failed_ = Outcome::kLate;
    return false;
  }

  ssize_t give_up(Outcome why) {
    channel_.failed_ = why;
    return -1;
  }

  HttpChannel& channel_;
  const int fd_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool is_in_head_ = true;
  std::size_t head_bytes_ = 0;
  LineGuard line_{kMaxLineBytes};
};

HttpChannel::HttpChannel(const Endpoint& endpoint)
    : httplib::ClientImpl(endpoint.host, endpoint.port) {
  set_keep_alive(true);
  set_tcp_nodelay(true);
  set_url_encode(false);
}

HttpChannel::Outcome HttpChannel::call(httplib::Request& request, httplib::Response& response,
                                       Nanos timeout) {
  deadline_ = clock_.now() + timeout;
  failed_ = Outcome::kNotHttp;
  set_connection_timeout(std::chrono::duration_cast<std::chrono::microseconds>(timeout));
  request.response_handler = [this](const httplib::Response&) {
    stream_->end_head();
    return true;
  };
  httplib::Error error = httplib::Error::Success;
  return send(request, response, error) ? Outcome::kDone : outcome_of(error);
}

bool HttpChannel::process_socket(const Socket& socket,
                                 std::function<bool(httplib::Stream&)> callback) {
  Stream stream(*this, socket.sock);
  stream_ = &stream;
  const bool is_done = callback(stream);
  stream_ = nullptr;
  if (!is_done) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.sock, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  return is_done;
}

HttpChannel::Outcome HttpChannel::outcome_of(httplib::Error error) const {
  if (failed_ == Outcome::kLate) return Outcome::kLate;
  switch (error) {
    case httplib::Error::ConnectionTimeout:
      return Outcome::kLate;
    case httplib::Error::Connection:
      return Outcome::kNotConnected;
    case httplib::Error::Write:
      return Outcome::kNotSent;
    case httplib::Error::Canceled:
      return Outcome::kCancelled;
    default:
      return failed_;
  }
}

}  // namespace cleave::wire
