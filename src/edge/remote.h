#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/link.h"
#include "edge/frame.h"
#include "edge/link_estimator.h"
#include "edge/load_estimator.h"
#include "wire/client.h"

namespace cleave::edge {

struct RemoteOptions {
  Nanos timeout = std::chrono::seconds(10);  ///< of one request
  double down_over_up = 1;                   ///< how much faster the downlink is, where known
};

/// The server as the device sees it: requests, the link to it, its load, and whether it is there.
/// Thread-safe; requests travel side by side. Client errors come out as they are.
class Remote {
 public:
  /// `target` as wire::Client::connect() takes it. Does not touch the network.
  static Result<std::unique_ptr<Remote>> connect(std::string_view target, Clock& clock,
                                                 const RemoteOptions& options);
  Remote(std::unique_ptr<wire::Client> client, Clock& clock, const RemoteOptions& options);

  /// An answer, its stages from kUp to kDown, and its message bytes.
  struct Answer {
    wire::InferResponse response;
    Span exchange;
    Stages stages;
    std::size_t bytes_up = 0;
    std::size_t bytes_down = 0;
  };
  Result<Answer> infer(wire::InferRequest request);

  /// Asks a few times whether the server is live, which sets up the connection and finds the round
  /// trip. kUnavailable when it says no.
  Result<void> measure_round_trip();
  /// Sends requests for a model that no server has, with inputs that grow until one takes time
  /// worth measuring: 8 KB to 512 KB up, almost nothing down. Works with any KServe server. After
  /// measure_round_trip(), and while nothing else travels.
  Result<void> measure_rate();

  /// What is known of the link, by the measurements and by every request that travelled alone.
  LinkEstimator link() const;

  /// A frame took `server_ms` from the server's queue to the end of its tail, where `recorded_ms`
  /// are known for decoding and tail; 0 where nothing is.
  void observe_load(double server_ms, double recorded_ms);
  /// The factor on the server's times by the frames of the last seconds; nothing without any.
  std::optional<double> load() const;

 private:
  Nanos probe_timeout() const;

  /// Tells requests that had the link to themselves from others.
  class Traffic {
   public:
    int enter();
    bool leave(int ticket);

   private:
    int started_ = 0;
    int travelling_ = 0;
    int last_crowded_ = 0;  // the newest ticket that shared the link
  };

  std::unique_ptr<wire::Client> client_;
  Clock& clock_;
  RemoteOptions options_;
  mutable std::mutex mutex_;
  LinkEstimator estimator_;
  LoadEstimator load_;
  Traffic traffic_;
};

}  // namespace cleave::edge
