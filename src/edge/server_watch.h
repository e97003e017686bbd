#pragma once

#include <future>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "edge/remote.h"

namespace cleave::edge {

/// Whether the server is thought to be there. Once it was lost, it is asked for in the background,
/// at most once in `retry_every`, and thought to be back when round trip and rate could be
/// measured. Thread-safe. Remote and clock are borrowed. The destructor waits for a question under
/// way.
class ServerWatch {
 public:
  ServerWatch(Remote& remote, Clock& clock, Nanos retry_every)
      : remote_(remote), clock_(clock), retry_every_(retry_every) {}

  /// Never blocks.
  bool is_up();
  /// The server failed in this way.
  void lose(const Error& error);
  /// Why the server is thought to be gone.
  std::string reason() const;

 private:
  Remote& remote_;
  Clock& clock_;
  Nanos retry_every_;
  mutable std::mutex mutex_;
  bool up_ = true;
  std::string reason_;
  Nanos next_question_{0};
  std::future<Result<void>> question_;
};

/// Round trip and rate, in this order.
Result<void> measure_link(Remote& remote);

}  // namespace cleave::edge
