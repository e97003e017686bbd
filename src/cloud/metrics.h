#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "wire/types.h"

namespace cleave::cloud {

/// What became of one request.
struct Completion {
  bool succeeded = false;
  std::int64_t batch = 1;
  std::size_t received_bytes = 0;  ///< payload of the inputs
  std::size_t sent_bytes = 0;      ///< payload of the outputs
  Nanos total{0};                  ///< from arrival to answer
  // Below: successes only.
  Nanos queue{0};
  Nanos decode{0};
  Nanos compute{0};
  Nanos encode{0};
};

/// The counters of one network. Thread-safe. Lives in a Metrics, which owns it.
class ModelMetrics {
 public:
  virtual ~ModelMetrics() = default;
  virtual void record(const Completion& completion) = 0;
  /// The same counts as load generators ask for them.
  virtual wire::ModelStatistics statistics() const = 0;
};

/// Everything the server counts, as a Prometheus page: the names that stock KServe servers use
/// (nv_inference_…) and ours (cleave_…). Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Starts counting for a network. `pending` tells how many requests wait for it now; it is asked
  /// whenever the page is made.
  ModelMetrics& add_model(const std::string& name, std::function<std::size_t()> pending);
  /// The page in the Prometheus text format.
  std::string text() const;

 private:
  struct Pages;
  std::unique_ptr<Pages> pages_;
};

/// Bytes of this process that are in memory now; 0 where the system does not tell.
std::size_t resident_bytes();

}  // namespace cleave::cloud
