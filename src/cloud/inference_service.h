#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/metrics.h"
#include "cloud/network.h"
#include "cloud/served_model.h"
#include "wire/service.h"

namespace cleave::cloud {

struct ServiceOptions {
  std::size_t queue_capacity = 256;  ///< requests that may wait, for each model
  std::string server_version;        ///< what the server's metadata says
};

/// What the server serves: the networks of a repository, each with its queue and workers.
/// Thread safety: as wire::Service; stop() may be called from any thread.
/// Ownership: owns the networks; the clock is borrowed and must outlive it.
class InferenceService final : public wire::Service {
 public:
  static Result<std::unique_ptr<InferenceService>> start(std::vector<Network> networks,
                                                         const ServiceOptions& options,
                                                         const Clock& clock);
  /// Stops.
  ~InferenceService() override;

  wire::ServerMetadata server_metadata() const override;
  Result<wire::ModelMetadata> model_metadata(std::string_view name,
                                             std::string_view version) const override;
  std::vector<wire::ModelEntry> repository_index() const override;
  void infer(wire::InferRequest request, wire::IsAbandoned is_abandoned,
             wire::InferDone done) override;
  std::string metrics_text() const override;

  /// Refuses new requests (kUnavailable) and returns when those it has are answered.
  void stop();

 private:
  InferenceService(std::string version) : version_(std::move(version)) {}
  Result<ServedModel*> find(std::string_view name, std::string_view version) const;

  std::string version_;
  Metrics metrics_;
  std::map<std::string, std::unique_ptr<ServedModel>, std::less<>> models_;
};

}  // namespace cleave::cloud
