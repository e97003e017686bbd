#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/bounded_queue.h"
#include "cloud/execution.h"
#include "cloud/metrics.h"
#include "cloud/network.h"
#include "wire/service.h"

namespace cleave::cloud {

/// A network at work: a bounded queue of requests, and a worker thread per session that the engine
/// can keep busy, all on one copy of the weights.
///
/// Thread safety: all methods may be called from any thread.
/// Invariant: every request that submit() was given is answered exactly once, also when it is
/// refused, fails or throws, and also when the model stops meanwhile.
/// Ownership: the clock and the metrics are borrowed and must outlive the model.
class ServedModel {
 public:
  /// Forks the sessions and starts the workers.
  static Result<std::unique_ptr<ServedModel>> start(Network network, std::size_t queue_capacity,
                                                    const Clock& clock, Metrics& metrics);
  /// Stops.
  ~ServedModel();
  ServedModel(const ServedModel&) = delete;
  ServedModel& operator=(const ServedModel&) = delete;

  const wire::ModelMetadata& metadata() const { return metadata_; }
  wire::ModelStatistics statistics() const { return metrics_->statistics(); }

  /// Queues a request and returns. A request that makes no sense is answered at once
  /// (kInvalidArgument), as is one for which the queue has no place or that comes after stop()
  /// (kUnavailable). A request whose caller is gone by its turn is not executed.
  void submit(wire::InferRequest request, wire::IsAbandoned is_abandoned, wire::InferDone done);

  /// Takes no more requests, answers those it has, and returns when the last worker has ended.
  void stop();

 private:
  struct Job {
    wire::InferRequest request;
    wire::IsAbandoned is_abandoned;
    wire::InferDone done;
    Call call;
    Completion completion;
    Nanos received{0};
  };

  ServedModel(Network network, std::size_t queue_capacity, const Clock& clock, Metrics& metrics);
  void work(engine::Session& session);
  Result<wire::InferResponse> answer(Job& job, engine::Session& session) const;
  void finish(Job& job, Result<wire::InferResponse> result) const;

  Network network_;
  wire::ModelMetadata metadata_;
  const Clock& clock_;
  BoundedQueue<std::unique_ptr<Job>> queue_;
  ModelMetrics* metrics_;
  std::vector<std::unique_ptr<engine::Session>> sessions_;  ///< one for each worker
  std::mutex stopping_;
  std::vector<std::thread> workers_;
};

}  // namespace cleave::cloud
