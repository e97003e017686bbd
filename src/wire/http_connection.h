#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

// What httplib leaves open for a server that must stop in time and outlast idle or hostile peers:
// connections that can be woken and cut, and threads that start only when they are needed.
namespace cleave::wire {

/// A client's connection. Thread-safe; the socket is closed by the destructor, so that whoever
/// holds the connection never acts on a number that has been given to another.
class HttpConnection {
 public:
  explicit HttpConnection(int fd) : fd_(fd) {}
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  int fd() const { return fd_; }
  /// Waits for the first byte of a request; false when the peer has gone, nothing came in time or
  /// end_when_idle() was called. After true the connection is busy until the next call.
  bool wait_for_request(Nanos idle_timeout);
  /// Ends the connection: at once when it waits for a request, else after the answer.
  void end_when_idle();
  /// True when no request is being read or answered; a good one to give up for a new client.
  bool is_idle() const;
  bool is_ending() const;
  /// Says goodbye and reads on for a moment: closing with unread bytes would reset the connection
  /// and with it take back an answer that is still on its way.
  void linger() const;
  /// Breaks the connection, whatever it is doing.
  void cut();
  /// Has the peer closed its side, or has cut() been called?
  bool is_gone() const;

 private:
  const int fd_;
  mutable std::mutex mutex_;
  bool idle_ = true;
  bool ending_ = false;
  bool cut_ = false;
};

/// The open connections, by a number that handlers find theirs with. Thread-safe.
class HttpConnections {
 public:
  struct Entry {
    int number;
    std::shared_ptr<HttpConnection> connection;  ///< shared with the request being answered
  };
  Entry open(int fd);
  void close(int number);
  std::shared_ptr<HttpConnection> find(int number) const;
  /// Ends one that waits for a request, the oldest; nothing when there is none.
  void end_an_idle_one();
  /// Ends all; one that is opened later ends at once.
  void end_all();
  void cut_all();
  /// Waits until none is open; false when that takes longer than `timeout`.
  bool wait_until_none(Nanos timeout);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::shared_ptr<HttpConnection>> open_;
  int next_ = 1;
  bool ending_ = false;
};

/// httplib's view of a connection: buffered reads, timeouts on both ways. One thread.
class HttpStream final : public httplib::Stream {
 public:
  HttpStream(const HttpConnection& connection, int number, Nanos timeout);

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  /// The server has no use for the peer's address: the port is the connection's number.
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return connection_.fd(); }

  /// Bytes that were received and not read: the start of the next request.
  bool has_leftover() const { return at_ < end_; }

 private:
  const HttpConnection& connection_;
  const int number_;
  const int timeout_ms_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

/// Runs httplib's tasks, one per connection, on at most `max_threads` threads that start on demand.
/// `when_full` is called when a task must wait. Thread-safe.
class HttpThreads final : public httplib::TaskQueue {
 public:
  HttpThreads(std::size_t max_threads, std::function<void()> when_full);
  void enqueue(std::function<void()> task) override;
  /// Does a task wait for a thread?
  bool is_short() const;
  /// Runs what is queued and joins every thread.
  void shutdown() override;

 private:
  void work();

  const std::size_t max_threads_;
  const std::function<void()> when_full_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t waiting_ = 0;
  bool stopping_ = false;
};

}  // namespace cleave::wire
