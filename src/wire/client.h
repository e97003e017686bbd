#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/types.h"

namespace cleave::wire {

struct ClientOptions {
  std::size_t max_message_bytes = std::size_t{256} << 20;  ///< a larger answer is refused
};

/// An answer and what its call weighed: message bytes, without the transport's own headers.
struct InferReply {
  InferResponse response;
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
};

/// Calls a KServe v2 server. Over either transport the same errors come out:
/// kUnavailable when the server cannot be reached, goes away or says so; kDeadlineExceeded when the
/// answer did not come in `timeout`; kCorrupt when it makes no sense; else the server's own error,
/// whose place is kServerPlace. Every call blocks its thread.
/// Thread safety: all methods may be called at once; calls then travel side by side.
class Client {
 public:
  /// The place of an error that the server answered with.
  static constexpr std::string_view kServerPlace = "server";

  /// Reads "grpc://host:port", "http://host:port" or "host:port" (gRPC). Does not touch the
  /// network: the first call connects. kInvalidArgument when the target cannot be read.
  static Result<std::unique_ptr<Client>> connect(std::string_view target,
                                                 const ClientOptions& options = {});
  virtual ~Client() = default;

  /// Sends the request (validated first) and waits. The answer is validated too.
  virtual Result<InferReply> infer(InferRequest request, Nanos timeout) = 0;
  virtual Result<ServerMetadata> server_metadata(Nanos timeout) = 0;
  /// An empty version asks for the newest.
  virtual Result<ModelMetadata> model_metadata(std::string_view name, std::string_view version,
                                               Nanos timeout) = 0;
  virtual Result<std::vector<ModelEntry>> repository_index(Nanos timeout) = 0;
  /// Is the server there, is it ready, is one model of it ready: false when it says no.
  enum class Probe { kLive, kReady, kModelReady };
  virtual Result<bool> probe(Probe what, std::string_view model, Nanos timeout) = 0;

  Result<bool> live(Nanos timeout) { return probe(Probe::kLive, "", timeout); }
  Result<bool> ready(Nanos timeout) { return probe(Probe::kReady, "", timeout); }
  Result<bool> model_ready(std::string_view model, Nanos timeout) {
    return probe(Probe::kModelReady, model, timeout);
  }
};

}  // namespace cleave::wire
