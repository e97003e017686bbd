#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
  /// `is_client_waiting` says whether another client waits for a connection to end.
  HttpConnection(int fd, std::function<bool()> is_client_waiting)
      : fd_(fd), is_client_waiting_(std::move(is_client_waiting)) {}
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  int fd() const { return fd_; }
  /// Waits for the first byte of a request; false when the peer has gone, nothing came in time,
  /// end_when_idle() was called, or another client waits and nothing has come yet (of one that has
  /// just connected: within a second). After true the connection is busy until the next call.
  bool wait_for_request(Nanos idle_timeout);
  /// Ends the connection: at once when it waits for a request, else after the answer.
  void end_when_idle();
  /// The head of a request is being received, between these two calls.
  void begin_head();
  void end_head();
  /// True when no request is being read or answered; a good one to give up for a new client.
  bool is_idle() const;
  /// Since when the head of a request is being received.
  std::optional<Nanos> head_since() const;
  bool is_ending() const;
  /// Says goodbye and reads on for a moment: closing with unread bytes would reset the connection
  /// and with it take back an answer that is still on its way.
  void linger() const;
  /// Breaks the connection, whatever it is doing.
  void cut();
  /// Has the peer reset the connection, or has cut() been called? One that has only ended its side
  /// may still read.
  bool is_gone() const;

 private:
  const int fd_;
  const std::function<bool()> is_client_waiting_;
  bool has_answered_ = false;  // the answering thread's alone
  mutable std::mutex mutex_;
  bool idle_ = true;
  std::optional<Nanos> head_since_;
  bool ending_ = false;
  bool cut_ = false;
};

/// The open connections, by a number that handlers find theirs with. Thread-safe.
class HttpConnections {
 public:
  /// `is_client_waiting` is asked whenever one begins to wait for a request: a client may have come
  /// while make_room() found all of them busy.
  explicit HttpConnections(std::function<bool()> is_client_waiting)
      : is_client_waiting_(std::move(is_client_waiting)) {}

  struct Entry {
    int number;
    std::shared_ptr<HttpConnection> connection;  ///< shared with the request being answered
  };
  Entry open(int fd);
  void close(int number);
  std::shared_ptr<HttpConnection> find(int number) const;
  /// Gives one up for a new client: the oldest that waits for a request, else the one that has been
  /// sending the head of a request for longest. Nothing when all are being answered.
  void make_room();
  /// Ends all; one that is opened later ends at once.
  void end_all();
  void cut_all();
  /// Waits until none is open; false when that takes longer than `timeout`.
  bool wait_until_none(Nanos timeout);

 private:
  const std::function<bool()> is_client_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::shared_ptr<HttpConnection>> open_;
  int next_ = 1;
  bool ending_ = false;
};

/// Runs httplib's tasks, one per connection, on at most `max_threads` threads that start on demand.
/// `when_full` is called when a task must wait. Thread-safe.
class HttpThreads final : public httplib::TaskQueue {
 public:
  HttpThreads(std::size_t max_threads, std::function<void()> when_full);
  void enqueue(std::function<void()> task) override;
  /// Does a task wait for one of the threads to have done? Not one whose thread is just starting.
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
  std::size_t starting_ = 0;  ///< threads that will look for a task as soon as they run
  bool stopping_ = false;
};

}  // namespace cleave::wire
