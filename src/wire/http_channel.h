#pragma once

#include <httplib.h>

#include "base/clock.h"
#include "base/result.h"
#include "wire/client_impl.h"

namespace cleave::wire {

/// A client's connection to a server, opened when it is needed. One thread at a time.
/// httplib's own bounds each read, and neither a call nor the head of an answer as a whole.
class HttpChannel final : private httplib::ClientImpl {
 public:
  explicit HttpChannel(const Endpoint& endpoint);

  /// Sends the request and receives the answer, all within `timeout`. The body goes to the
  /// request's content_receiver, whose false is kCancelled here. After a failure the connection is
  /// reset, by which the server learns that nobody waits for its answer.
  enum class Outcome {
    kDone,
    kCancelled,
    kLate,
    kNotConnected,
    kNotSent,
    kClosed,    ///< in the middle of the answer
    kTooLarge,  ///< the answer's head, or a line of its body
    kNotHttp,
  };
  Outcome call(httplib::Request& request, httplib::Response& response, Nanos timeout);

 private:
  class Stream;
  bool process_socket(const Socket& socket,
                      std::function<bool(httplib::Stream&)> callback) override;
  Outcome outcome_of(httplib::Error error) const;

  const SteadyClock clock_;
  Nanos deadline_{0};
  Stream* stream_ = nullptr;            // of the call that goes on
  Outcome failed_ = Outcome::kNotHttp;  // why the stream refused to go on
};

}  // namespace cleave::wire
