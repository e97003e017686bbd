#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "wire/service.h"

namespace cleave::wire {

/// A service for tests: the model "echo@cut" answers its inputs under their own names; "add" sums
/// the FP32 or INT64 inputs "a" and "b" into "sum"; "slow" is "echo" that holds its answer until
/// release(); "broken" answers a tensor whose length is wrong. Thread-safe.
class EchoService final : public Service {
 public:
  ~EchoService() override { release(); }

  ServerMetadata server_metadata() const override;
  Result<ModelMetadata> model_metadata(std::string_view name,
                                       std::string_view version) const override;
  std::vector<ModelEntry> repository_index() const override;
  void infer(InferRequest request, IsAbandoned is_abandoned, InferDone done) override;
  std::string metrics_text() const override { return "# TYPE up gauge\nup 1\n"; }

  /// Lets every held answer go, and every later one pass.
  void release();
  /// Blocks until `count` answers are held.
  void wait_until_held(std::size_t count);
  /// Has whoever asked for the first held answer gone?
  bool first_held_is_abandoned();

 private:
  struct Held {
    InferRequest request;
    IsAbandoned is_abandoned;
    InferDone done;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Held> held_;
  bool released_ = false;
};

}  // namespace cleave::wire
