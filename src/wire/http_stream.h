#pragma once

#include <httplib.h>

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "wire/http_connection.h"
#include "wire/http_line.h"

namespace cleave::wire {

/// A request's line and headers may have as many bytes as this.
inline constexpr std::size_t kMaxHeadBytes = 64 << 10;

/// httplib's view of a connection: buffered reads, timeouts on both ways. The head of a request is
/// received whole before httplib sees it, which itself bounds neither its size nor its time.
/// One thread.
class HttpStream final : public httplib::Stream {
 public:
  /// `timeout` is for each read of a body and each write.
  HttpStream(HttpConnection& connection, int number, Nanos timeout);

  enum class Head {
    kWhole,     ///< the next request may be processed
    kNone,      ///< nothing came, or the connection ends
    kTooLarge,  ///< over kMaxHeadBytes
    kTooSlow,   ///< not whole in time
  };
  /// Waits for a request's first byte, and from then on at most `head_timeout` for its whole head.
  /// A peer that stops sending within it has sent what it has sent: httplib will refuse that.
  Head receive_head(Nanos idle_timeout, Nanos head_timeout);
  /// The head that was received, to the end of its blank line.
  std::string_view head() const { return {buffer_.data() + at_, head_end_ - at_}; }
  /// Was the head read to its end? If not, the rest would be taken for the next request.
  bool is_past_head() const { return at_ >= head_end_; }

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  /// The server has no use for the peer's address: the port is the connection's number.
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return connection_.fd(); }

 private:
  bool has_leftover() const { return at_ < end_; }
  bool find_head_end(std::size_t from);
  Head receive_rest_of_head(Nanos timeout);

  HttpConnection& connection_;
  const int number_;
  const int timeout_ms_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::size_t head_end_ = 0;
  LineGuard line_{kMaxHeadBytes};
};

}  // namespace cleave::wire
